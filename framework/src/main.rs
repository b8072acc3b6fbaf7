//! The binary `freehold`; what it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    freehold::cli::main()
}
