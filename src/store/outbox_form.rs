//! The stored form of wishes, tickets and lines, version 1, and what both stores read from them alike.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::Instant;
use serde::{Deserialize, Serialize};

use super::outbox::{
    LineStatus, RosterHold, Ticket, TicketLine, TicketStanding, TicketState, Verdict, Wish, WishAbout,
};
use crate::findings::wish::Happening;
use crate::findings::{Fingerprint, Severity};

const VERSION: u32 = 1;

/// Why a row could not be written or read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    /// It is not of this form.
    #[error("not of this form: {0}")]
    Form(#[from] serde_json::Error),
    /// A newer version wrote it.
    #[error("version {0}, this program knows {VERSION}")]
    Newer(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredWish {
    v: u32,
    run: String,
    at: Instant,
    happening: Happening,
    about: WishAbout,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLine {
    v: u32,
    status: LineStatus,
    severity: Severity,
    used: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    through: u64,
    about: WishAbout,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTicket {
    v: u32,
    ticket: Ticket,
}

fn known(version: u32) -> Result<(), FormError> {
    if version == VERSION { Ok(()) } else { Err(FormError::Newer(version)) }
}

/// A wish as text, without its number and fingerprint.
pub(super) fn write_wish(wish: &Wish) -> Result<String, FormError> {
    let Wish { run, at, happening, about, number: _, fingerprint: _ } = wish;
    let stored =
        StoredWish { v: VERSION, run: run.clone(), at: *at, happening: happening.clone(), about: about.clone() };
    Ok(serde_json::to_string(&stored)?)
}

/// Reads it back.
pub(super) fn read_wish(number: u64, fingerprint: Fingerprint, body: &str) -> Result<Wish, FormError> {
    let StoredWish { v, run, at, happening, about } = serde_json::from_str(body)?;
    known(v)?;
    Ok(Wish { number, run, at, fingerprint, happening, about })
}

/// A line as text, without its tracker, fingerprint and ticket.
pub(super) fn write_line(line: &TicketLine) -> Result<String, FormError> {
    let stored = StoredLine {
        v: VERSION,
        status: line.status,
        severity: line.severity,
        used: line.used,
        remark: line.remark.clone(),
        through: line.through,
        about: line.about.clone(),
    };
    Ok(serde_json::to_string(&stored)?)
}

/// Reads it back.
pub(super) fn read_line(
    tracker: &str,
    fingerprint: Fingerprint,
    ticket: &str,
    body: &str,
) -> Result<TicketLine, FormError> {
    let StoredLine { v, status, severity, used, remark, through, about } = serde_json::from_str(body)?;
    known(v)?;
    Ok(TicketLine {
        tracker: tracker.to_owned(),
        fingerprint,
        ticket: ticket.to_owned(),
        status,
        severity,
        used,
        remark,
        through,
        about,
    })
}

/// A ticket as text, without its tracker and key.
pub(super) fn write_ticket(ticket: &Ticket) -> Result<String, FormError> {
    Ok(serde_json::to_string(&StoredTicket { v: VERSION, ticket: ticket.clone() })?)
}

/// Reads it back.
pub(super) fn read_ticket(tracker: &str, key: &str, body: &str) -> Result<Ticket, FormError> {
    let StoredTicket { v, ticket } = serde_json::from_str(body)?;
    known(v)?;
    Ok(Ticket { tracker: tracker.to_owned(), key: key.to_owned(), ..ticket })
}

/// A verdict as text.
pub(super) fn write_verdict(verdict: &Verdict) -> Result<String, FormError> {
    Ok(serde_json::to_string(verdict)?)
}

/// Reads it back.
pub(super) fn read_verdict(text: &str) -> Result<Verdict, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The word of a hold.
pub(super) fn word_of_hold(hold: RosterHold) -> &'static str {
    match hold {
        RosterHold::Held => "held",
        RosterHold::Surge => "surge",
        RosterHold::Baseline => "baseline",
    }
}

/// The hold of that word.
pub(super) fn roster_hold_of(word: &str) -> Result<RosterHold, String> {
    match word {
        "held" => Ok(RosterHold::Held),
        "surge" => Ok(RosterHold::Surge),
        "baseline" => Ok(RosterHold::Baseline),
        other => Err(format!("unknown hold {other:?}")),
    }
}

/// Lines whose ticket is done in the tracker, or out of sight, and not by our proof.
pub(super) fn standings(tickets: &[Ticket], lines: &[TicketLine]) -> Vec<TicketStanding> {
    let by_key: BTreeMap<(&str, &str), &Ticket> =
        tickets.iter().map(|ticket| ((ticket.tracker.as_str(), ticket.key.as_str()), ticket)).collect();
    lines
        .iter()
        .filter(|line| !line.status.is_done())
        .filter_map(|line| {
            let ticket = by_key.get(&(line.tracker.as_str(), line.ticket.as_str()))?;
            let stands = match ticket.state {
                TicketState::Refused | TicketState::Disputed | TicketState::Missing => true,
                TicketState::Open => ticket.by_hand.is_some(),
                TicketState::Intended | TicketState::Rejected | TicketState::Resolved => false,
            };
            stands.then(|| TicketStanding {
                fingerprint: line.fingerprint,
                tracker: line.tracker.clone(),
                url: ticket.url.clone(),
                state: ticket.state,
                by_hand: ticket.by_hand.clone(),
            })
        })
        .collect()
}

/// Findings that are not open any longer and that a ticket may still have to show: those whose line does not say so yet,
/// and all others on a ticket that is not closed with proof or that one of them opens again.
pub(super) fn shown_beside(
    tickets: &[Ticket],
    lines: &[TicketLine],
    is_open: &dyn Fn(&Fingerprint) -> bool,
) -> BTreeSet<Fingerprint> {
    let resolved: BTreeSet<(&str, &str)> = tickets
        .iter()
        .filter(|ticket| ticket.state == TicketState::Resolved)
        .map(|ticket| (ticket.tracker.as_str(), ticket.key.as_str()))
        .collect();
    let key = |line: &TicketLine| (line.tracker.clone(), line.ticket.clone());
    let alive = |line: &&TicketLine| {
        !resolved.contains(&(line.tracker.as_str(), line.ticket.as_str()))
            || line.status != LineStatus::Closed
            || is_open(&line.fingerprint)
    };
    let alive: BTreeSet<(String, String)> = lines.iter().filter(alive).map(key).collect();
    let shown = lines.iter().filter(|line| alive.contains(&key(line)));
    shown.map(|line| line.fingerprint).filter(|print| !is_open(print)).collect()
}

/// Findings on a line that is not done, or in a wish.
pub(super) fn known_findings(lines: &[TicketLine], wishes: &[Wish]) -> BTreeSet<Fingerprint> {
    let on_lines = lines.iter().filter(|line| !line.status.is_done()).map(|line| line.fingerprint);
    on_lines.chain(wishes.iter().map(|wish| wish.fingerprint)).collect()
}
