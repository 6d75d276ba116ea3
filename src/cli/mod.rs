//! The command line: the only place that reads the environment, prints, and knows exit codes as numbers.
//!
//! One file a subcommand. Standard output carries the one data stream that was asked for; everything else goes to
//! standard error. Every path ends in a code of the table in [`crate::report::ExitCode`].

mod acknowledge;
pub mod arguments;
mod config;
mod diff;
mod doctor;
mod doubles;
mod environment;
mod exceptions;
mod explain;
mod failure;
mod fetch;
mod generate;
mod ledger;
mod logging;
mod outcome;
mod outputs;
mod permissions;
mod policy;
mod process;
mod progress;
mod report;
mod roster;
mod rules;
mod runtime;
mod scan;
mod schema;
mod serve;
mod session;
mod signals;
mod site;
mod systems;
mod tell_metrics;
mod text;
mod tickets;
mod version;

use std::ffi::OsString;

use clap::Parser as _;

pub use environment::Environment;
pub use failure::Failure;

use arguments::{Arguments, Command};
use session::Session;

/// Runs the program and answers with its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return failure::usage(&error),
    };
    logging::start(&arguments.global);
    process::hide_memory();
    let session = Session::new(&arguments.global, environment);
    match run(&session, arguments.command) {
        Ok(code) => code,
        Err(failure) => failure.tell(&session),
    }
}

fn run(session: &Session<'_>, command: Command) -> Result<u8, Failure> {
    match command {
        Command::Scan(arguments) => scan::run(session, &arguments),
        Command::Serve => serve::run(session),
        Command::Report(arguments) => report::run(session, &arguments),
        Command::Diff(arguments) => diff::run(session, &arguments),
        Command::Explain(arguments) => explain::run(session, &arguments),
        Command::Roster(arguments) => roster::run(session, &arguments),
        Command::Exceptions(arguments) => exceptions::run(session, &arguments),
        Command::Policy(arguments) => policy::run(session, &arguments),
        Command::Rules(arguments) => rules::run(session, &arguments),
        Command::Systems(arguments) => systems::run(session, &arguments),
        Command::Coverage(arguments) => acknowledge::coverage(session, &arguments),
        Command::Incidents(arguments) => acknowledge::incidents(session, &arguments),
        Command::Tickets(arguments) => tickets::run(session, &arguments),
        Command::CheckPermissions(arguments) => permissions::run(session, &arguments),
        Command::Doctor => doctor::run(session),
        Command::Config(arguments) => config::run(session, &arguments),
        Command::Schema(arguments) => schema::run(session, &arguments),
        Command::Ledger(arguments) => ledger::run(session, &arguments),
        Command::Completions(arguments) => generate::completions(session, &arguments),
        Command::Man(arguments) => generate::man(session, &arguments),
        Command::Version(arguments) => version::run(session, &arguments),
    }
}
