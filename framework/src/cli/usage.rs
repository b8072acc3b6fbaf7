//! Wrong usage: what clap says, without anything in it that may be a secret.
//!
//! clap quotes arguments that it does not understand. Somebody who types a connection URL in the wrong place has its password in
//! the logs of the build then, so whatever looks like one is taken out first.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use super::args::Cli;
use super::exit::Exit;
use super::shell::tell;

/// Reads the command line; help, the version and what is wrong with it are printed here.
pub(super) fn parse(arguments: &[OsString]) -> Result<Cli, ExitCode> {
    let error = match Cli::try_parse_from(arguments) {
        Ok(cli) => return Ok(cli),
        Err(error) => error,
    };
    if !error.use_stderr() {
        // `| head` may have closed the other end.
        let _ = error.print();
        return Err(Exit::Done.into());
    }
    tell(&without_urls(&error.render().ansi().to_string(), arguments));
    Err(Exit::Usage.into())
}

/// The text with every argument that holds a URL, and every part of one that follows a `=`, replaced.
fn without_urls(text: &str, arguments: &[OsString]) -> String {
    let arguments = arguments.iter().filter_map(|argument| argument.to_str());
    let mut urls: Vec<&str> = arguments
        .flat_map(|argument| [Some(argument), argument.split_once('=').map(|(_, value)| value)])
        .flatten()
        .filter(|argument| argument.contains("://") || argument.contains('@'))
        .collect();
    urls.sort_unstable_by_key(|url| std::cmp::Reverse(url.len()));
    urls.iter().fold(text.to_owned(), |text, url| text.replace(url, "•••"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(arguments: &[&str]) -> String {
        let arguments: Vec<OsString> = ["freehold"].iter().chain(arguments).map(OsString::from).collect();
        let error = Cli::try_parse_from(&arguments).err().unwrap();
        without_urls(&error.render().to_string(), &arguments)
    }

    #[test]
    fn c15_6_a_url_in_the_wrong_place_is_not_quoted() {
        let url = "postgres://u:hunter2@h/d";
        for arguments in [
            &["plan", url][..],
            &["plan", "--databse-url", url],
            &["plan", &format!("--databse-url={url}")],
            &["plan", "--format", url],
            &[url],
            &["plan", "u:hunter2@h"],
            &["history", "show", url],
        ] {
            let said = said(arguments);
            assert!(said.starts_with("error: "), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
