//! `holdover roster validate` and `roster accept`.

use super::arguments::{Roster, RosterCommand};
use super::failure::Failure;
use super::fetch::{self, Fetching};
use super::scan::load_roster;
use super::session::Session;
use super::text::add_line;
use crate::config::Config;
use crate::hostile;
use crate::report::ExitCode;
use crate::roster::{self, Loaded, RosterState};
use crate::scanners::Network;
use crate::store::Store as _;

pub(super) fn run(session: &Session<'_>, arguments: &Roster) -> Result<u8, Failure> {
    let (configured, _) = session.configuration_and_policy()?;
    match &arguments.command {
        RosterCommand::Validate { explain, confidential } => {
            validate(session, &configured.config, *explain, *confidential)
        }
        RosterCommand::Accept { digest } => accept(session, &configured.config, digest),
    }
}

fn validate(session: &Session<'_>, config: &Config, explain: bool, confidential: bool) -> Result<u8, Failure> {
    if confidential && !session.environment.output_is_terminal {
        return Err(Failure::Usage(String::from(
            "--confidential shows who will leave; it is allowed on a terminal only",
        )));
    }
    let store = session.store_or_nothing(config)?;
    let documents = session.documents(config);
    let now = session.clock(config).0.now();
    let ways = session.ways(config, None, Network::Allowed);
    let (documents, told) = fetch::fetched(config, documents.as_ref(), Fetching::Asked(&ways))?;
    let mut loaded = load_roster(config, &documents, store.as_ref(), now)?;
    loaded.notices.extend(told);
    if !loaded.problems.is_empty() {
        session.error(super::failure::unquoted(&loaded.problems).trim_end());
    }
    let mut text = describe(&loaded);
    if confidential && let Some(roster) = &loaded.roster {
        let ahead = roster
            .people
            .iter()
            .filter(|person| person.stints.iter().any(|stint| stint.end.as_ref().is_some_and(|end| end.at > now)));
        add_line(&mut text, format_args!("confidential   {} people have an end that lies ahead", ahead.count()));
    }
    if explain {
        text.push_str("\nThree rows as instants\n");
        for source in &config.roster.sources {
            for explanation in roster::explain(source, &documents, now, config.end_basis, confidential) {
                add_line(&mut text, format_args!("{}", explanation.to_line()));
            }
        }
    }
    session.say(&text)?;
    let good = loaded.state == RosterState::Accepted && loaded.problems.is_empty() && !loaded.surge;
    Ok(if good { ExitCode::Clean.code() } else { ExitCode::Roster.code() })
}

fn describe(loaded: &Loaded) -> String {
    let facts = &loaded.facts;
    let mut text = String::new();
    let mut row = |name: &str, value: String| {
        add_line(&mut text, format_args!("{name:14} {}", hostile::line(&value)));
    };
    let state = match (loaded.state, loaded.surge, loaded.baseline) {
        (RosterState::Accepted, true, _) => {
            "in force; many newly terminated people wait for an operator's word (roster accept)"
        }
        (RosterState::Accepted, false, true) => "in force as the baseline: the first roster of this state directory",
        (RosterState::Accepted, false, false) => "accepted",
        (RosterState::Held, _, _) => "held: the last accepted one stays in force",
        (RosterState::None, _, _) => "none in force",
    };
    row("state", String::from(state));
    row("digest", facts.digest.clone().unwrap_or_else(|| String::from("none: a file could not be read")));
    if let Some(in_force) = facts.in_force_digest.as_ref().filter(|digest| Some(*digest) != facts.digest.as_ref()) {
        row("in force", in_force.clone());
    }
    row("people", format!("{}, of whom {} have left", facts.people, facts.leavers));
    for source in &facts.sources {
        let as_of =
            source.as_of.map_or_else(|| String::from("unknown time"), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        let by = if source.as_of_by_file_time { " by file time" } else { "" };
        let rows = format!(
            "{} rows, {} rejected, {} people ambiguous",
            source.rows, source.rejected_rows, source.ambiguous_people
        );
        row("source", format!("{} as of {as_of}{by}: {rows}", source.id));
    }
    for gate in &facts.gates {
        let source = gate.source.as_ref().map_or_else(String::new, |source| format!(" {source}"));
        row(if gate.holds { "GATE" } else { "gate" }, format!("{}{source}: {}", gate.gate, gate.says));
    }
    for conflict in &facts.conflicts {
        row("conflict", conflict.clone());
    }
    for notice in &loaded.notices {
        row("notice", format!("{}: {}", notice.id, notice.says));
    }
    text
}

fn accept(session: &Session<'_>, config: &Config, digest: &str) -> Result<u8, Failure> {
    let mut store = session.store(config)?;
    let documents = session.documents(config);
    let (clock, _) = session.clock(config);
    let now = clock.now();
    let ways = session.ways(config, None, Network::Allowed);
    let (documents, _) = fetch::fetched(config, documents.as_ref(), Fetching::Asked(&ways))?;
    let loaded = load_roster(config, &documents, &store, now)?;
    let Some(newest) = &loaded.facts.digest else {
        session.error(super::failure::unquoted(&loaded.problems).trim_end());
        return Err(Failure::Roster(String::from("the roster cannot be read; there is nothing to accept")));
    };
    if newest != digest {
        return Err(Failure::Usage(format!(
            "the newest roster has digest {newest}, not {digest}: look at it with `roster validate` first"
        )));
    }
    if loaded.facts.gates.iter().any(|gate| gate.holds && gate.gate == "ROS-1") {
        return Err(Failure::Roster(String::from(
            "a roster that is not whole (ROS-1) cannot be accepted: produce it again",
        )));
    }
    let by = session.environment.variable("USER").unwrap_or("unknown user");
    store.release_roster(digest, now, &format!("holdover roster accept, {by}"))?;
    session.note(&format!("accepted: roster {digest}; it is in force from the next scan"));
    Ok(ExitCode::Clean.code())
}
