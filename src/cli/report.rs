//! `holdover report`: a kept run again, in any format.

use super::arguments;
use super::failure::Failure;
use super::outputs::{self, Output, Writer};
use super::scan::format;
use super::session::Session;
use super::text::add_line;
use crate::report::Report;
use crate::store::Store;

pub(super) fn run(session: &Session<'_>, arguments: &arguments::Report) -> Result<u8, Failure> {
    let configured = session.configuration()?;
    let config = &configured.config;
    let rules = session.rules(Some(config))?;
    let store = session.store_read_only(config)?;
    if arguments.list {
        let mut text = String::new();
        for (id, ended_at) in store.reports()? {
            add_line(&mut text, format_args!("{id}  ended {}", ended_at.format("%Y-%m-%dT%H:%M:%SZ")));
        }
        session.say(&text)?;
        return Ok(0);
    }
    let report = kept(&store, arguments.run.as_deref())?;
    let writer = Writer::unkept_or_kept(session, config, &rules)?;
    writer.write(&Output::standard(format(arguments.format)), &report)?;
    Ok(0)
}

/// A kept report: the one of that id, or the last one.
pub(super) fn kept(store: &dyn Store, run: Option<&str>) -> Result<Report, Failure> {
    let reports = store.reports()?;
    let id = match run {
        Some(id) if reports.iter().any(|(known, _)| known == id) => id,
        Some(id) => {
            let near = crate::problem::nearest(id, reports.iter().map(|(known, _)| known.as_str()));
            let help = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(Failure::Usage(format!("no report of run {id} is kept{help} (holdover report --list)")));
        }
        None => match reports.first() {
            Some((id, _)) => id,
            None => return Err(Failure::Usage(String::from("no run has ended yet: start with `holdover scan`"))),
        },
    };
    outputs::unarchive(&store.report(id)?)
}
