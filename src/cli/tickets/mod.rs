//! `holdover tickets plan`, `sync`, `release` and `list`: findings become tickets.
//!
//! Sending is a command of its own with credentials of its own (PRV-6): `scan` never sends and never fetches what a
//! tracker asks for; `sync` fetches nothing else.

mod view;

use std::time::Duration;

use serde::Serialize;

use super::arguments::{Tickets, TicketsCommand};
use super::failure::Failure;
use super::session::{Configured, Session};
use super::text::add_line;
use crate::hostile;
use crate::report::ExitCode;
use crate::scanners::Network;
use crate::store::outbox::{Outbox, TicketBook, TicketState, Verdict};
use crate::store::{SqliteStore, StoreError};
use crate::tickets::plan::{self, Ground};
use crate::tickets::settings::TicketsConfig;
use crate::tickets::sync::{Desk, Sleep, SyncOutcome, Trouble, sync};
use crate::tickets::trackers;

use view::{HeldLine, document, held_lines, plan_table};

/// Between two looks at a store that another run holds.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

pub(super) fn run(session: &Session<'_>, arguments: &Tickets) -> Result<u8, Failure> {
    let configured = session.configuration()?;
    match &arguments.command {
        TicketsCommand::Plan { format } => show_plan(session, &configured, format),
        TicketsCommand::Sync { wait, dry_run: true, format } => {
            waited(wait)?;
            show_plan(session, &configured, format)
        }
        TicketsCommand::Sync { wait, dry_run: false, format } => send(session, &configured, waited(wait)?, format),
        TicketsCommand::Release { run } => release(session, &configured, run),
        TicketsCommand::List { format } => list(session, &configured, format),
    }
}

fn waited(text: &str) -> Result<Duration, Failure> {
    crate::yaml::forms::duration(text)
        .ok_or_else(|| Failure::Usage(format!("--wait {text}: expected a duration such as 90s, 2m or 1h")))
}

fn settings(configured: &Configured) -> Result<&TicketsConfig, Failure> {
    configured.config.tickets.as_ref().ok_or_else(|| {
        Failure::Usage(String::from(
            "no tickets are configured: add a section `tickets` with at least one tracker (docs/tickets.md)",
        ))
    })
}

/// What would be sent: reads the state directory beside a run, and connects to nothing.
fn show_plan(session: &Session<'_>, configured: &Configured, format: &str) -> Result<u8, Failure> {
    let settings = settings(configured)?;
    let store = session.store_read_only(&configured.config)?;
    let book = store.ticket_book()?;
    let routes = settings.routes();
    let now = session.clock(&configured.config).0.now();
    let plan = plan::plan(&Ground { book: &book, habits: &settings.habits, routes: &routes, now });
    let document = document(&plan, &book);
    if format == "json" {
        say_json(session, &document)?;
    } else {
        session.say(&plan_table(&document))?;
    }
    tell_held(session, &document.held);
    Ok(ExitCode::Clean.code())
}

fn say_json<T: Serialize>(session: &Session<'_>, value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Output(error.to_string()))?;
    session.say(&text)
}

/// What waits for a word is told loudly, also under `--quiet`.
fn tell_held(session: &Session<'_>, held: &[HeldLine]) {
    for line in held {
        let HeldLine { tracker, run, why, findings } = line;
        session.error(&hostile::line(&format!("HELD  {findings} findings of {run} get no ticket at {tracker}: {why}")));
    }
}

/// Opens the store for writing, and waits for a run that holds it.
fn open_patiently(session: &Session<'_>, configured: &Configured, wait: Duration) -> Result<SqliteStore, Failure> {
    let clock = crate::clock::SystemClock::new();
    loop {
        match session.store(&configured.config) {
            Err(Failure::Store(StoreError::Busy { .. })) if crate::clock::Clock::monotonic(&clock) < wait => {
                std::thread::sleep(LOOK_AGAIN.min(wait));
            }
            other => return other,
        }
    }
}

fn send(session: &Session<'_>, configured: &Configured, wait: Duration, format: &str) -> Result<u8, Failure> {
    let config = &configured.config;
    let settings = settings(configured)?;
    let mut store = open_patiently(session, configured, wait)?;
    let ways = session.ways(config, None, Network::Allowed);
    let ways = trackers::Ways { secrets: ways.secrets, now: ways.now };
    let channels: Vec<_> =
        trackers::build(&settings.trackers, &ways).into_iter().map(|opened| opened.channel).collect();
    let routes = settings.routes();
    let (clock, _) = session.clock(config);
    let runtime = super::runtime::runtime(config)?;
    let mut desk =
        Desk { outbox: &mut store, clock: clock.as_ref(), rest: &Sleep, habits: &settings.habits, routes: &routes };
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let ended = runtime.block_on(async {
        let mut signals = tokio::task::JoinSet::new();
        signals.spawn(super::signals::watch(stop));
        tokio::select! {
            outcome = sync(&mut desk, &channels) => Some(outcome),
            // Whatever was begun is written down; the next sync looks before it repeats anything.
            _ = stopped.wait_for(|stop| *stop) => None,
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    let Some(outcome) = ended else {
        session.error("stopped; what was begun is looked up by the next sync before anything is repeated");
        return Ok(ExitCode::Gaps.code());
    };
    let outcome = outcome?;
    tell_outcome(session, &outcome, &store.ticket_book()?, format)?;
    Ok(if outcome.is_faulty() { ExitCode::Gaps.code() } else { ExitCode::Clean.code() })
}

#[derive(Debug, Serialize)]
struct SyncDocument {
    format: &'static str,
    version: u32,
    run: Option<String>,
    done: Vec<DoneLine>,
    found: u64,
    pending: u64,
    held: Vec<HeldLine>,
    faults: Vec<TroubleLine>,
    refusals: Vec<TroubleLine>,
    remarks: Vec<TroubleLine>,
}

#[derive(Debug, Serialize)]
struct DoneLine {
    tracker: String,
    operation: &'static str,
    count: u64,
}

#[derive(Debug, Serialize)]
struct TroubleLine {
    tracker: String,
    ticket: Option<String>,
    says: String,
}

fn troubles(all: &[Trouble]) -> Vec<TroubleLine> {
    let line = |trouble: &Trouble| TroubleLine {
        tracker: trouble.tracker.clone(),
        ticket: trouble.ticket.clone(),
        says: trouble.says.clone(),
    };
    all.iter().map(line).collect()
}

fn tell_outcome(session: &Session<'_>, outcome: &SyncOutcome, book: &TicketBook, format: &str) -> Result<(), Failure> {
    let held = held_lines(&outcome.plan);
    let done: Vec<DoneLine> = outcome
        .done
        .iter()
        .map(|((tracker, operation), count)| DoneLine {
            tracker: tracker.clone(),
            operation: operation.as_str(),
            count: *count,
        })
        .collect();
    for (label, all) in [("fault", &outcome.faults), ("refused", &outcome.refusals), ("note", &outcome.remarks)] {
        for trouble in all {
            let ticket = trouble.ticket.as_deref().unwrap_or("-");
            session.error(&hostile::line(&format!("{label:8} {}  {ticket}  {}", trouble.tracker, trouble.says)));
        }
    }
    tell_held(session, &held);
    if format == "json" {
        return say_json(
            session,
            &SyncDocument {
                format: "holdover.tickets-sync",
                version: 1,
                run: outcome.plan.run.clone(),
                done,
                found: outcome.adopted,
                pending: outcome.pending,
                held,
                faults: troubles(&outcome.faults),
                refusals: troubles(&outcome.refusals),
                remarks: troubles(&outcome.remarks),
            },
        );
    }
    let mut text = String::new();
    for line in &done {
        add_line(&mut text, format_args!("{:8} {:>5}  {}", line.operation, line.count, hostile::line(&line.tracker)));
    }
    if done.is_empty() {
        text.push_str("nothing was sent\n");
    }
    let open = book.tickets.iter().filter(|ticket| ticket.state == TicketState::Open).count();
    add_line(&mut text, format_args!("open     {open:>5}\npending  {:>5}", outcome.pending));
    session.say(&text)
}

fn release(session: &Session<'_>, configured: &Configured, run: &str) -> Result<u8, Failure> {
    let settings = settings(configured)?;
    let mut store = session.store(&configured.config)?;
    let book = store.ticket_book()?;
    let Some(known) = book.runs.iter().find(|known| known.run == run) else {
        let near = crate::problem::nearest(run, book.runs.iter().map(|known| known.run.as_str()));
        let help = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        return Err(Failure::Usage(format!(
            "no run {run} is known{help} (`holdover tickets plan` names what is held)"
        )));
    };
    if known.released.is_some() {
        session.note(&format!("{run} was released before; nothing changed"));
        return Ok(ExitCode::Clean.code());
    }
    let wishes = book.wishes.iter().filter(|wish| wish.run == run && wish.happening.opens()).count();
    // A held run without a wish holds what a tracker that is new in the configuration asks for.
    let held = book.held_runs().iter().any(|held| held.run == run);
    if wishes == 0 && !held {
        return Err(Failure::Usage(format!("{run} wishes no tickets; there is nothing to release")));
    }
    let findings = match &known.verdict {
        Some(Verdict::Held { findings, .. }) if wishes == 0 => usize::try_from(*findings).unwrap_or(usize::MAX),
        _ => wishes,
    };
    let now = session.clock(&configured.config).0.now();
    let by = session.environment.variable("USER").unwrap_or("unknown user");
    store.release_tickets(run, now, &format!("holdover tickets release, {by}"))?;
    let caps = settings.habits.caps;
    session.note(&format!(
        "released: {findings} findings of {run}. `holdover tickets sync` sends them, {} tickets a run and {} a day at most",
        caps.per_run, caps.per_day
    ));
    Ok(ExitCode::Clean.code())
}

#[derive(Debug, Serialize)]
struct TicketLineDocument {
    tracker: String,
    key: String,
    state: &'static str,
    unit: &'static str,
    url: Option<String>,
    remote: Option<String>,
    severity: Option<&'static str>,
    team: Option<String>,
    lines: u64,
    open_lines: u64,
    made_at: Option<String>,
    closed_by_hand_at: Option<String>,
}

fn list(session: &Session<'_>, configured: &Configured, format: &str) -> Result<u8, Failure> {
    let store = session.store_read_only(&configured.config)?;
    let book = store.ticket_book()?;
    let time = |at: &scan_contract::Instant| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let line = |ticket: &crate::store::outbox::Ticket| {
        let lines = || book.lines.iter().filter(|line| line.tracker == ticket.tracker && line.ticket == ticket.key);
        TicketLineDocument {
            tracker: ticket.tracker.clone(),
            key: ticket.key.clone(),
            state: ticket.state.as_str(),
            unit: ticket.unit.as_str(),
            url: ticket.url.clone(),
            remote: ticket.remote.clone(),
            severity: ticket.severity.map(crate::findings::Severity::as_str),
            team: ticket.team.clone(),
            lines: lines().count() as u64,
            open_lines: lines().filter(|line| !line.status.is_done()).count() as u64,
            made_at: ticket.made_at.as_ref().map(time),
            closed_by_hand_at: ticket.by_hand.as_ref().map(|hand| time(&hand.at)),
        }
    };
    let all: Vec<TicketLineDocument> = book.tickets.iter().map(line).collect();
    if format == "json" {
        say_json(session, &all)?;
        return Ok(ExitCode::Clean.code());
    }
    let mut text = String::new();
    for ticket in &all {
        let place = ticket.url.as_deref().or(ticket.remote.as_deref()).unwrap_or(&ticket.key);
        let severity = ticket.severity.unwrap_or("-");
        let row = format!(
            "{:9} {:8} {:>4} of {:<4} {}  {}  {place}",
            ticket.state,
            severity,
            ticket.open_lines,
            ticket.lines,
            ticket.tracker,
            ticket.team.as_deref().unwrap_or("-")
        );
        add_line(&mut text, format_args!("{}", hostile::line(&row)));
    }
    if all.is_empty() {
        text.push_str("no tickets yet\n");
    }
    session.say(&text)?;
    Ok(ExitCode::Clean.code())
}
