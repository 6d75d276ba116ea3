//! Every command and flag.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Finds the access that outlives employment, and says what it could not see.
#[derive(Debug, Parser)]
#[command(name = "holdover", version, max_term_width = 110, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub struct Arguments {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 clean · 1 residual access · 2 usage or configuration · 3 gaps · 4 gaps and residual access
            5 roster held or waiting · 6 store or output not written · 7 another run holds the store
0 is never reached while anything could not be read.

Start:  holdover scan --config examples/sample-company/holdover.yaml";

const SERVE_HELP: &str = "\
The section `serve` of the configuration says when runs start and where it listens; docs/operating.md tells the rest.
SIGHUP reloads the configuration; SIGTERM and SIGINT end within ten seconds, a second one at once.

Examples:
  holdover serve --config /etc/holdover/holdover.yaml
  holdover config check                        prints the next three times of each schedule entry
  curl http://127.0.0.1:9911/healthz";

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Configuration file [default: $HOLDOVER_CONFIG, ./holdover.yaml, /etc/holdover/holdover.yaml]
    #[arg(long, global = true, value_name = "FILE", env = "HOLDOVER_CONFIG", hide_env = true)]
    pub config: Option<PathBuf>,
    /// State directory, instead of `state_dir` of the configuration
    #[arg(long, global = true, value_name = "DIR", env = "HOLDOVER_STATE_DIR", hide_env = true)]
    pub state_dir: Option<PathBuf>,
    /// Judge as of this RFC 3339 instant; only where nothing is read live
    #[arg(long, global = true, value_name = "INSTANT", env = "HOLDOVER_AS_OF", hide_env = true)]
    pub as_of: Option<String>,
    /// Colour: auto follows NO_COLOR, CLICOLOR_FORCE and the terminal
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", env = "HOLDOVER_COLOR", hide_env = true)]
    pub color: When,
    /// Progress on standard error
    #[arg(long, global = true, value_name = "HOW", default_value = "auto", env = "HOLDOVER_PROGRESS", hide_env = true)]
    pub progress: HowProgress,
    /// No progress; the same as --progress none
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Only errors, and what is not clean
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// More log lines; twice for debugging
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Form of log lines
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        default_value = "text",
        env = "HOLDOVER_LOG_FORMAT",
        hide_env = true
    )]
    pub log_format: LogFormat,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// As the terminal allows.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HowProgress {
    /// A live line on a terminal, plain lines elsewhere.
    Auto,
    /// Plain lines.
    Plain,
    /// None.
    None,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read every system, hold it against the roster, update the state, write outputs and metrics
    Scan(Scan),
    /// Run by a schedule, and answer for metrics, health and a page over HTTP, until told to stop
    #[command(after_help = SERVE_HELP)]
    Serve,
    /// Show the last run again, in any format; reads the state only
    Report(Report),
    /// What is new, changed, gone, or no longer known between two runs
    Diff(Diff),
    /// One finding: evidence, match, severity, due time, history
    Explain(Explain),
    /// Check the roster, or accept a held one by its digest
    Roster(Roster),
    /// List or check exceptions, or print a new entry
    Exceptions(Exceptions),
    /// Check, test or explain the decision rules
    Policy(Policy),
    /// The catalogue of rules
    Rules(Rules),
    /// Configured systems and how far they were read
    Systems(Systems),
    /// Accept a drop in the number of objects
    Coverage(Coverage),
    /// Record that a use after the end was handled
    Incidents(Incidents),
    /// Findings become tickets: look at the plan, send it, release what is held
    Tickets(Tickets),
    /// What each credential may do: needed, there, missing, in excess; or the smallest policy
    CheckPermissions(CheckPermissions),
    /// Check the environment: files, rights, clock, store, disk
    #[command(after_help = "Example:\n  holdover doctor --config holdover.yaml")]
    Doctor,
    /// Check or show the configuration
    Config(Config),
    /// Print a JSON Schema of this build
    Schema(Schema),
    /// Check the ledger
    Ledger(Ledger),
    /// Print completions for a shell
    Completions(Completions),
    /// Write man pages into a folder, or print the main one
    Man(Man),
    /// Print the version
    Version(Version),
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people at a terminal.
    Table,
    /// JSON v1.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// OCSF 1.8.0 Detection Findings, one a line.
    Ocsf,
    /// SARIF 2.1.0.
    Sarif,
    /// RFC 4180.
    Csv,
    /// Markdown.
    Markdown,
    /// One self-contained page.
    Html,
}

/// Arguments of `scan`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  holdover scan
  holdover scan --config examples/sample-company/holdover.yaml
  holdover scan --output ocsf=out/findings.ndjson --metrics-file /var/lib/metrics/holdover.prom
  holdover scan --system crm --dry-run")]
pub struct Scan {
    /// Read only these systems; all others count as not attempted
    #[arg(long = "system", value_name = "ID")]
    pub systems: Vec<String>,
    /// Format on standard output [default: table]; `none` with --quiet
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write a format to a file; repeatable; `-` is standard output
    #[arg(short, long, value_name = "FORMAT=PATH")]
    pub output: Vec<String>,
    /// Prometheus textfile, ending in .prom
    #[arg(long, value_name = "FILE", env = "HOLDOVER_METRICS_FILE", hide_env = true)]
    pub metrics_file: Option<PathBuf>,
    /// Prometheus Pushgateway that the metrics are handed to; plain text to a loopback address alone
    #[arg(long, value_name = "URL", env = "HOLDOVER_PUSH_METRICS", hide_env = true)]
    pub push_metrics: Option<String>,
    /// Residual access counts from this severity [default: info]
    #[arg(long, value_name = "SEVERITY", value_parser = ["critical", "high", "medium", "low", "info"])]
    pub fail_on: Option<String>,
    /// Residual access alone is no failure; gaps, roster and store still are
    #[arg(long)]
    pub exit_zero: bool,
    /// Read and judge, print what would change, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// End the run after this time, such as 3h
    #[arg(long, value_name = "DURATION")]
    pub deadline: Option<String>,
    /// Refuse every connection: systems that are read live then count as not attempted
    #[arg(long)]
    pub offline: bool,
    /// Also write what live systems answer into a folder, without secrets; `replay: DIR` reads it again
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dry_run", "offline"])]
    pub record: Option<PathBuf>,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  holdover report
  holdover report --format markdown > report.md
  holdover report --run run-2026-08-02T06:00:00Z-1a2b3c4d --format html > report.html")]
pub struct Report {
    /// A kept run [default: the last one]
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Format [default: table]
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// List the kept runs instead
    #[arg(long)]
    pub list: bool,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holdover diff\n  holdover diff RUN1 RUN2 --format json")]
pub struct Diff {
    /// Earlier run [default: the last but one]
    pub before: Option<String>,
    /// Later run [default: the last one]
    pub after: Option<String>,
    /// table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "json"])]
    pub format: String,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  holdover explain ra1:d3fbedd447e69944f6506bc7b50c26c9")]
pub struct Explain {
    /// Fingerprint of the finding, or its beginning where that is unique
    pub fingerprint: String,
}

/// Arguments of `roster`.
#[derive(Debug, Args)]
pub struct Roster {
    /// What to do with the roster.
    #[command(subcommand)]
    pub command: RosterCommand,
}

/// What to do with the roster.
#[derive(Debug, Subcommand)]
pub enum RosterCommand {
    /// Read the roster and its gates; changes nothing
    #[command(after_help = "Examples:\n  holdover roster validate\n  holdover roster validate --explain")]
    Validate {
        /// Show three real rows as instants
        #[arg(long)]
        explain: bool,
        /// Also count and show what is confidential: ends to come, undisclosed batches; on a terminal only
        #[arg(long)]
        confidential: bool,
    },
    /// Accept a held roster, or a surge, by its digest
    #[command(
        after_help = "Example:\n  holdover roster accept 3f6d0a6a7c3f0f2f0f4b5d1c9a8e7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f00"
    )]
    Accept {
        /// The digest that `roster validate` printed, in full
        digest: String,
    },
}

/// Arguments of `exceptions`.
#[derive(Debug, Args)]
pub struct Exceptions {
    /// What to do.
    #[command(subcommand)]
    pub command: ExceptionsCommand,
}

/// What to do with exceptions.
#[derive(Debug, Subcommand)]
pub enum ExceptionsCommand {
    /// Every exception with its state
    #[command(after_help = "Example:\n  holdover exceptions list")]
    List,
    /// Check the file; 2 if something is invalid
    #[command(after_help = "Example:\n  holdover exceptions check")]
    Check,
    /// Print a new entry; the file itself is never edited
    #[command(after_help = "Example:\n  holdover exceptions new --person p-1 --system crm --type transition --days 7")]
    New {
        /// Whose access
        #[arg(long, value_name = "ID")]
        person: String,
        /// Where
        #[arg(long, value_name = "ID")]
        system: String,
        /// Why
        #[arg(long = "type", value_name = "TYPE", default_value = "transition",
              value_parser = ["transition", "legal_hold", "false_positive", "accepted_risk", "break_glass"])]
        kind: String,
        /// The one finding it is about
        #[arg(long, value_name = "FINGERPRINT")]
        fingerprint: Option<String>,
        /// How many days it holds
        #[arg(long, value_name = "DAYS", default_value_t = 7)]
        days: u32,
    },
}

/// Arguments of `policy`.
#[derive(Debug, Args)]
pub struct Policy {
    /// What to do.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// What to do with the policy.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check the file
    #[command(after_help = "Example:\n  holdover policy check")]
    Check,
    /// Run its cases
    #[command(after_help = "Example:\n  holdover policy test")]
    Test,
    /// Which rule decides for a person and a kind, and when it is due
    #[command(after_help = "Example:\n  holdover policy explain p-1 access_key")]
    Explain {
        /// Person id
        person: String,
        /// Access kind
        kind: String,
    },
}

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub struct Rules {
    /// What to do.
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Every rule in one line
    #[command(after_help = "Example:\n  holdover rules list")]
    List,
    /// One rule in full
    #[command(after_help = "Example:\n  holdover rules explain api-token-active")]
    Explain {
        /// Rule id
        id: String,
    },
    /// Run the cases of every rule
    #[command(after_help = "Example:\n  holdover rules test")]
    Test,
}

/// Arguments of `check-permissions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  holdover check-permissions
  holdover check-permissions --system aws-prod
  holdover check-permissions --system aws-prod --print-policy > holdover-policy.json")]
pub struct CheckPermissions {
    /// Check only these systems
    #[arg(long = "system", value_name = "ID")]
    pub systems: Vec<String>,
    /// Print the smallest policy the configuration needs, and connect to nothing
    #[arg(long)]
    pub print_policy: bool,
}

/// Arguments of `systems`.
#[derive(Debug, Args)]
pub struct Systems {
    /// What to do.
    #[command(subcommand)]
    pub command: SystemsCommand,
}

/// What to do with systems.
#[derive(Debug, Subcommand)]
pub enum SystemsCommand {
    /// Systems, scopes, last complete read, owner
    #[command(after_help = "Examples:\n  holdover systems list\n  holdover systems list --format markdown")]
    List {
        /// table or markdown
        #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "markdown"])]
        format: String,
    },
}

/// Arguments of `coverage`.
#[derive(Debug, Args)]
pub struct Coverage {
    /// What to do.
    #[command(subcommand)]
    pub command: CoverageCommand,
}

/// What to do with coverage.
#[derive(Debug, Subcommand)]
pub enum CoverageCommand {
    /// Accept the lower number of objects that a run found in a scope, or that a scope is gone for good
    ///
    /// A scope that was read completely before and that its source no longer names is a gap in every run, until it is
    /// accepted as gone. Findings in it stay open: nothing closes by it.
    #[command(after_help = "Example:\n  holdover coverage accept crm/accounts run-2026-08-02T06:00:00Z-1a2b3c4d")]
    Accept {
        /// System and scope, with a slash between
        scope: String,
        /// The run whose figure is accepted
        run: String,
    },
}

/// Arguments of `incidents`.
#[derive(Debug, Args)]
pub struct Incidents {
    /// What to do.
    #[command(subcommand)]
    pub command: IncidentsCommand,
}

/// What to do with incidents.
#[derive(Debug, Subcommand)]
pub enum IncidentsCommand {
    /// Record where a use after the end was handled
    #[command(
        after_help = "Example:\n  holdover incidents acknowledge ra1:d3fbedd447e69944f6506bc7b50c26c9 --reference INC-2026-117"
    )]
    Acknowledge {
        /// Fingerprint in full
        fingerprint: String,
        /// Incident number or link
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
}

/// Arguments of `tickets`.
#[derive(Debug, Args)]
pub struct Tickets {
    /// What to do.
    #[command(subcommand)]
    pub command: TicketsCommand,
}

/// What to do with tickets.
#[derive(Debug, Subcommand)]
pub enum TicketsCommand {
    /// What would be sent, with figures for each team and the breaker's word; connects to nothing
    #[command(after_help = "Examples:\n  holdover tickets plan\n  holdover tickets plan --format json")]
    Plan {
        /// table or json
        #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "json"])]
        format: String,
    },
    /// Send it: critical first, oldest end first, at the capped pace; 3 if something stays pending by a fault
    #[command(
        after_help = "Examples:\n  holdover tickets sync\n  holdover tickets sync --wait 10m --format json\n  holdover tickets sync --dry-run"
    )]
    Sync {
        /// How long to wait for a run that holds the store
        #[arg(long, value_name = "DURATION", default_value = "2m")]
        wait: String,
        /// Show the plan, send nothing
        #[arg(long)]
        dry_run: bool,
        /// table or json
        #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "json"])]
        format: String,
    },
    /// Let the held tickets of one run go; `plan` names the run
    #[command(after_help = "Example:\n  holdover tickets release run-2026-08-02T06:00:00Z-1a2b3c4d")]
    Release {
        /// The run, in full
        run: String,
    },
    /// Tickets that were made, and how they stand by our own record
    #[command(after_help = "Examples:\n  holdover tickets list\n  holdover tickets list --format json")]
    List {
        /// table or json
        #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "json"])]
        format: String,
    },
}

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct Config {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration, policy, exceptions, rules and every file it names
    #[command(after_help = "Example:\n  holdover config check --config holdover.yaml")]
    Check,
    /// Show effective values
    #[command(after_help = "Examples:\n  holdover config show\n  holdover config show --origin")]
    Show {
        /// And where each one comes from
        #[arg(long)]
        origin: bool,
    },
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holdover schema config\n  holdover schema findings")]
pub struct Schema {
    /// Which schema
    pub name: SchemaName,
}

/// Schemas of this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// holdover.yaml.
    Config,
    /// One canonical roster record.
    Roster,
    /// links.yaml.
    Links,
    /// exceptions.yaml.
    Exceptions,
    /// policy.yaml.
    Policy,
    /// A rule file.
    Rule,
    /// JSON v1.
    Findings,
    /// run.json.
    Run,
}

/// Arguments of `ledger`.
#[derive(Debug, Args)]
pub struct Ledger {
    /// What to do.
    #[command(subcommand)]
    pub command: LedgerCommand,
}

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Walk the chain and compare it with the exported file and checkpoint
    #[command(after_help = "Example:\n  holdover ledger verify")]
    Verify,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  holdover completions bash > holdover.bash")]
pub struct Completions {
    /// Shell
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holdover man\n  holdover man share/man/man1")]
pub struct Man {
    /// Folder for one page a command; printed if left out
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// Arguments of `version`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holdover version\n  holdover version --json")]
pub struct Version {
    /// As JSON, with schema and database versions
    #[arg(long)]
    pub json: bool,
}
