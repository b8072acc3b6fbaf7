//! What can be said on the command line.
//!
//! No value of the environment is read here: settings have one reader, [`crate::config`], which also knows where each came from.
//! So no help text and no usage error can show a secret that was only in the environment.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::failure::Failure;
use super::{code, exit};
use crate::config::parse_duration;

/// The order and the headings of the commands. A test holds that it names all of them and no other.
pub(super) const TEMPLATE: &str = "\
freehold — {about}

{usage-heading} {usage}

Every day
  plan      Show what would change in the database (reads only)
  apply     Make the database match the manifest
  status    Versions, state and waiting work of every service on this database
  verify    Check that the database matches; exit 2 if it does not

When something is wrong
  explain   What a code means, and what to do
  history   What was changed, when, by which version
  rollback  Go back to an earlier version of a slice
  purge     Destroy what has been in the attic long enough

Writing manifests
  init      Write a first manifest, and settings for editors
  lint      Check manifests; no database needed
  fmt       Format manifests and write freehold.lock beside them
  import    Write a manifest from tables that already exist

For machines
  wait      Wait until the database is there
  schema    Print the JSON Schema of manifests, for editors
  config    Every setting, and where it came from

Options of all commands
{options}{after-help}";

/// The whole command line. It has no `Debug`: a URL in it may hold a password.
#[derive(Parser)]
#[command(
    name = "freehold",
    version,
    about = "one database, many services, each looking after its own tables",
    help_template = TEMPLATE,
    override_usage = "freehold <COMMAND> [OPTIONS]",
    after_help = exit::HELP,
    subcommand_required = true,
    arg_required_else_help = true,
    subcommand_precedence_over_arg = true,
    disable_help_subcommand = true,
    max_term_width = 110
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What can be said to every command.
#[derive(Args, Clone)]
#[command(next_help_heading = "Options of all commands")]
pub(super) struct Common {
    /// Manifests: directories, files, patterns such as 'manifests/*.toml'; `-` is stdin [env: FREEHOLD_MANIFEST] [default: ./manifests]
    #[arg(short = 'f', long = "manifest", value_name = "PATH", global = true, num_args = 1.., hide_env_values = true)]
    pub(super) manifests: Vec<PathBuf>,
    /// The database [env: FREEHOLD_DATABASE_URL, DATABASE_URL, else DB_HOST … DB_PASSWORD, else PG*]
    #[arg(long, value_name = "URL", global = true)]
    pub(super) database_url: Option<String>,
    /// A file that holds the password [env: DATABASE_PASSWORD_FILE]
    #[arg(long, value_name = "PATH", global = true)]
    pub(super) password_file: Option<PathBuf>,
    /// dev, prod, or a name of your own [env: FREEHOLD_PROFILE] [default: prod]
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) profile: Option<String>,
    /// Only these services
    #[arg(long = "service", value_name = "NAME", global = true)]
    pub(super) services: Vec<String>,
    /// How the answer is written
    #[arg(long, value_enum, value_name = "FORMAT", global = true)]
    pub(super) format: Option<Format>,
    /// The same as --format json
    #[arg(long, global = true, conflicts_with = "format")]
    pub(super) json: bool,
    /// Write the answer to a file instead of stdout, by its ending as JSON, SQL or Markdown; again for more of them: -o plan.json -o markdown:plan.txt
    #[arg(short, long = "output", value_name = "[FORMAT:]FILE", global = true)]
    pub(super) outputs: Vec<String>,
    /// The longest single wait for a table lock [env: FREEHOLD_LOCK_TIMEOUT] [default: 200ms, tried again for 60 s]
    #[arg(long, value_name = "DURATION", global = true)]
    pub(super) lock_timeout: Option<String>,
    /// How long to wait for the database [env: DB_INIT_TIMEOUT] [default: 30s]
    #[arg(long, value_name = "DURATION", global = true)]
    pub(super) timeout: Option<String>,
    /// Only the answer and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// More: every step, every object; twice for a log of what is done [env: FREEHOLD_LOG]
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(super) verbose: u8,
    /// Colours [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto, global = true)]
    pub(super) color: Colour,
    /// Plain lines instead of what moves on a terminal
    #[arg(long, global = true)]
    pub(super) no_progress: bool,
    /// Do not read the file .env of this directory
    #[arg(long, global = true)]
    pub(super) no_env_file: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
    Sql,
    Markdown,
    Github,
}

/// When to use colours: on a terminal, always, never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}

/// The commands of this release.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Show what would change in the database (reads only)
    Plan(Plan),
    /// Make the database match the manifest
    Apply(Apply),
    /// Versions, state and waiting work of every service on this database
    Status(Status),
    /// Check that the database matches; exit 2 if it does not
    Verify(Verify),
    /// What was changed, when, by which version
    History(History),
    /// Go back to an earlier version of a slice
    Rollback(Rollback),
    /// Destroy what has been in the attic long enough; there is no way back
    Purge(Purge),
    /// What a code means, and what to do
    Explain(Explain),
    /// Write a first manifest, and settings for editors
    Init(Init),
    /// Check manifests; no database needed
    Lint(Lint),
    /// Format manifests and write freehold.lock beside them
    Fmt(Fmt),
    /// Write a manifest from tables that already exist
    Import(Import),
    /// Wait until the database is there
    Wait(Wait),
    /// Print the JSON Schema of manifests, for editors
    Schema,
    /// Every setting, and where it came from
    Config(Config),
}

/// Options of `plan`.
#[derive(Args)]
pub(super) struct Plan {
    /// Exit with 2 when there is something to change
    #[arg(long, visible_aliases = ["detailed-exitcode", "check"])]
    pub(super) exit_code: bool,
    /// SQLite: refuse what it would hold otherwise than PostgreSQL
    #[arg(long)]
    pub(super) strict: bool,
    /// Let go what the manifest does not name, as if it stood in [drops]: for development databases
    #[arg(long)]
    pub(super) prune: bool,
}

/// Options of `apply`.
#[derive(Args, Default)]
pub(super) struct Apply {
    /// A plan that `freehold plan -o plan.json` wrote: exactly its changes, without asking
    #[arg(value_name = "PLAN.json", conflicts_with_all = ["manifests", "services", "dry_run", "no_seeds", "prune"])]
    pub(super) plan: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub(super) yes: bool,
    /// Only show the plan
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Leave the rows of tables alone; the next start seeds them
    #[arg(long)]
    pub(super) no_seeds: bool,
    /// Do not wait for another instance that is at work on the same service
    #[arg(long)]
    pub(super) no_wait: bool,
    /// SQLite: refuse what it would hold otherwise than PostgreSQL
    #[arg(long)]
    pub(super) strict: bool,
    /// Let go what the manifest does not name, as if it stood in [drops]: for development databases
    #[arg(long)]
    pub(super) prune: bool,
    /// Leave out what contracts: what older replicas still know stays, as if one of them were connected. Run `apply` again without it,
    /// or start the service, to do the rest
    #[arg(long, value_name = "PART", conflicts_with = "prune")]
    pub(super) only: Option<Only>,
    /// The longest that one statement of a step may run, index builds and proofs too, and each piece of a fill: 30s, 5m. A step that
    /// takes longer ends the run, and the next one goes on from there
    #[arg(long, value_name = "DURATION")]
    pub(super) max_step_time: Option<String>,
}

/// The part of a plan that `apply --only` runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Only {
    /// What older replicas do not notice.
    Expand,
}

impl Apply {
    /// The limit of a statement.
    pub(super) fn step_time_max(&self) -> Result<Option<Duration>, Failure> {
        let Some(text) = &self.max_step_time else { return Ok(None) };
        let limit = parse_duration(text).map_err(|fault| {
            let failure =
                Failure::new(exit::Exit::Usage, code::SETTINGS, format!("--max-step-time {}", fault.message));
            failure.help(fault.hint)
        })?;
        Ok(Some(limit))
    }
}

/// Options of `rollback`.
#[derive(Args)]
pub(super) struct Rollback {
    /// The version to go back to, as `freehold history` shows it
    #[arg(long, value_name = "VERSION")]
    pub(super) to: String,
    /// Do not ask
    #[arg(long)]
    pub(super) yes: bool,
    /// Only show the plan
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Accept that everybody waits while a big table is written again to give a column its earlier type; where the way forth accepted it, it
    /// is accepted
    #[arg(long)]
    pub(super) allow_rewrite: bool,
    /// Accept that values of this column lose what its earlier type has no room for (digits, times of day); once for each column
    #[arg(long, value_name = "TABLE.COLUMN")]
    pub(super) accept_loss: Vec<String>,
}

/// Options of `status`.
#[derive(Args)]
pub(super) struct Status {
    /// Exit with 2 when a service needs a look
    #[arg(long)]
    pub(super) exit_code: bool,
}

/// Options of `verify`.
#[derive(Args)]
pub(super) struct Verify {
    /// Objects that nobody declared count too
    #[arg(long)]
    pub(super) strict: bool,
}

/// Options of `history`.
#[derive(Args)]
#[command(subcommand_precedence_over_arg = true, disable_help_subcommand = true)]
pub(super) struct History {
    /// How many of the latest runs
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    pub(super) limit: u32,
    /// Only runs since then: 2026-11-06, 2026-11-06T09:10:00Z, 12h, 7d
    #[arg(long, value_name = "WHEN")]
    pub(super) since: Option<String>,
    #[command(subcommand)]
    show: Option<Show>,
}

/// What else `history` does.
#[derive(Subcommand)]
enum Show {
    /// The statements of one run, with their times
    Show {
        /// The number of the run
        #[arg(value_name = "ID")]
        id: i64,
    },
}

impl History {
    /// The run to show.
    pub(super) fn id(&self) -> Option<i64> {
        self.show.as_ref().map(|Show::Show { id }| *id)
    }
}

/// Options of `purge`.
#[derive(Args)]
pub(super) struct Purge {
    /// How long it must have been there: 30d, 12h, 2w; 0s is everything
    #[arg(long, value_name = "AGE")]
    pub(super) older_than: String,
    /// Destroy it; without this it is only shown
    #[arg(long)]
    pub(super) yes: bool,
    /// Only show what is due, and end with 0
    #[arg(long, conflicts_with = "yes")]
    pub(super) dry_run: bool,
}

/// Options of `explain`.
#[derive(Args)]
pub(super) struct Explain {
    /// The code, such as FH310; without one, all of them
    #[arg(value_name = "CODE")]
    pub(super) code: Option<String>,
}

/// Options of `init`.
#[derive(Args)]
pub(super) struct Init {
    /// The service's name
    #[arg(value_name = "NAME", default_value = "shop-service")]
    pub(super) name: String,
}

/// Options of `lint`.
#[derive(Args)]
pub(super) struct Lint {
    /// Fail on warnings too
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) deny: Option<Deny>,
    /// Say too what another database would hold otherwise than PostgreSQL
    #[arg(long, value_enum, value_name = "DATABASE")]
    pub(super) backend: Option<Backend>,
}

/// A database whose differences `lint` can tell without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Backend {
    Sqlite,
}

/// What else fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    Warnings,
}

/// Options of `fmt`.
#[derive(Args)]
pub(super) struct Fmt {
    /// Change nothing; exit with 2 when something would change
    #[arg(long)]
    pub(super) check: bool,
    /// Lock manifests that changed under the same version: it was never released
    #[arg(long)]
    pub(super) unreleased: bool,
}

/// Options of `import`.
#[derive(Args)]
pub(super) struct Import {
    /// Only tables, enums and what else fits: 'order*'; again for more
    #[arg(long, value_name = "PATTERN")]
    pub(super) tables: Vec<String>,
    /// Only this schema; again for more, the one of the service first [default: all]
    #[arg(long = "schema", value_name = "NAME")]
    pub(super) schemas: Vec<String>,
    /// A manifest for each role that owns tables, into the directory that -o names
    #[arg(long)]
    pub(super) by_owner: bool,
    /// The tool that made them: its history must be among the tables, and is told of (flyway, sqlx, django, prisma, …)
    #[arg(long, value_name = "TOOL")]
    pub(super) from: Option<String>,
    /// Write down that the service owns them; changes nothing. With -f, of manifests that are written already
    #[arg(long)]
    pub(super) adopt: bool,
}

/// Options of `wait`.
#[derive(Args)]
pub(super) struct Wait {
    /// What to wait for
    #[arg(long = "for", value_enum, default_value_t = Awaited::Database, value_name = "WHAT")]
    pub(super) awaited: Awaited,
}

/// What can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Awaited {
    Database,
}

/// Options of `config`.
#[derive(Args)]
pub(super) struct Config {
    /// Where each value came from
    #[arg(long)]
    pub(super) origins: bool,
    /// Exit with 64 when the settings cannot be used
    #[arg(long)]
    pub(super) check: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_help_names_every_command_and_no_other() {
        let head = TEMPLATE.lines().take_while(|line| !line.starts_with("Options"));
        let mut named: Vec<&str> = head
            .filter_map(|line| line.strip_prefix("  "))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        named.sort_unstable();
        let command = Cli::command();
        let mut known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        known.sort_unstable();
        assert_eq!(named, known);
    }
}
