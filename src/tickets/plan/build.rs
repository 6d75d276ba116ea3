//! Findings gathered into tickets: which ticket a finding stands on, and what is to be done with that ticket.

use std::collections::{BTreeMap, BTreeSet};

use super::outlook::{Desk, Item, Leave};
use super::{ChannelPlan, Task, Work, figures};
use crate::findings::Fingerprint;
use crate::findings::wish::may_open;
use crate::store::outbox::{ClosedByHand, Operation, Ticket, TicketLine, TicketState, Unit, WishAbout};
use crate::tickets::breaker;
use crate::tickets::group::{Group, group_of};
use crate::tickets::settings::Route;
use crate::tickets::text::{Block, Text};
use crate::tickets::words::{self, News};

/// Where a finding belongs.
enum Home<'a> {
    /// On a ticket that is open, or is being made.
    Joins(&'a Ticket),
    /// On a ticket that is opened again.
    Reopens(&'a Ticket),
    /// On a ticket that stays as it is.
    Silent(&'a Ticket),
    /// On a ticket of its own.
    New { group: Group, generation: u32, previous: Option<String> },
}

/// One ticket while it is gathered.
pub(super) struct Build {
    pub(super) ticket: Ticket,
    pub(super) before: Option<Ticket>,
    lines: BTreeMap<Fingerprint, TicketLine>,
    lines_before: Vec<TicketLine>,
    news: BTreeMap<Fingerprint, Vec<News>>,
    reopens: bool,
}

/// Name of the ticket that an opening would make or open again; `None` where it joins one.
pub(super) fn asks_for(desk: &Desk<'_>, route: &Route, item: &Item<'_>) -> Option<String> {
    match home(desk, route, item, &WishAbout::default()) {
        Home::Joins(_) | Home::Silent(_) => None,
        Home::Reopens(ticket) => Some(ticket.key.clone()),
        Home::New { group, .. } => Some(group.id),
    }
}

fn home<'a>(desk: &Desk<'a>, route: &Route, item: &Item<'_>, about: &WishAbout) -> Home<'a> {
    let tracker = route.id.as_str();
    let own = item.line.and_then(|line| desk.tickets.get(&(tracker, line.ticket.as_str())).copied());
    if let Some(ticket) = own {
        match ticket.state {
            TicketState::Open if ticket.by_hand.is_none() => return Home::Joins(ticket),
            TicketState::Intended | TicketState::Rejected => return Home::Joins(ticket),
            TicketState::Open | TicketState::Refused | TicketState::Disputed => return Home::Silent(ticket),
            // What the tracker never had, or has no longer, cannot be opened again: it gets a new one.
            TicketState::Resolved if route.keeps_tickets && ticket.remote.is_none() => {}
            TicketState::Resolved => {
                let age = ticket.resolved_at.map(|at| desk.ground.now - at);
                let window = chrono::TimeDelta::from_std(desk.ground.habits.reopen_window);
                if age.zip(window.ok()).is_some_and(|(age, window)| age <= window) {
                    return Home::Reopens(ticket);
                }
            }
            TicketState::Missing => {}
        }
    }
    let group = group_of(&item.memory.finding, about, desk.ground.habits.group_by);
    match desk.latest(tracker, &group.id) {
        Some(ticket) if ticket.state.takes_lines() && ticket.by_hand.is_none() => Home::Joins(ticket),
        Some(ticket) => Home::New { group, generation: ticket.generation + 1, previous: ticket.url.clone() },
        None => Home::New { group, generation: 0, previous: None },
    }
}

/// A ticket that does not exist yet.
pub(super) fn new_ticket(
    desk: &Desk<'_>,
    tracker: &str,
    group: Group,
    generation: u32,
    previous: Option<String>,
) -> Ticket {
    let key = group.key(generation).to_string();
    Ticket {
        tracker: tracker.to_owned(),
        key,
        unit: group.unit,
        group: group.id,
        generation,
        person: group.person,
        team: group.team,
        system: group.system,
        batch: group.batch,
        state: TicketState::Intended,
        remote: None,
        url: None,
        run: desk.last.run.clone(),
        intended_at: desk.ground.now,
        made_at: None,
        resolved_at: None,
        by_hand: None,
        reopened_by_us: 0,
        severity: None,
        previous,
        commented_in: None,
        count: 0,
        stale: false,
        pending: None,
        rejection: None,
        attempts: 0,
        not_before: None,
    }
}

impl Build {
    fn of(desk: &Desk<'_>, ticket: &Ticket) -> Self {
        let own = desk.lines_on(&ticket.tracker, &ticket.key);
        let own: Vec<TicketLine> = own.iter().map(|line| (*line).clone()).collect();
        Self {
            ticket: ticket.clone(),
            before: Some(ticket.clone()),
            lines: own.iter().map(|line| (line.fingerprint, line.clone())).collect(),
            lines_before: own,
            news: BTreeMap::new(),
            reopens: false,
        }
    }

    pub(super) fn fresh(ticket: Ticket) -> Self {
        Self {
            ticket,
            before: None,
            lines: BTreeMap::new(),
            lines_before: Vec::new(),
            news: BTreeMap::new(),
            reopens: false,
        }
    }

    fn add(&mut self, line: TicketLine, news: &[News]) {
        self.news.entry(line.fingerprint).or_default().extend(news);
        self.lines.insert(line.fingerprint, line);
    }

    fn rank(&self, desk: &Desk<'_>) -> (crate::findings::Severity, scan_contract::Instant) {
        let open = self.lines.values().filter(|line| !line.status.is_done());
        let ends = open.map(|line| {
            let end = desk.memory(line.fingerprint).map(|memory| memory.finding.access_end.at);
            (line.severity, end.unwrap_or(self.ticket.intended_at))
        });
        ends.min().unwrap_or((crate::findings::Severity::Info, self.ticket.intended_at))
    }
}

/// The plan of one tracker or receiver.
pub(super) fn channel(desk: &Desk<'_>, route: &Route) -> ChannelPlan {
    let tracker = route.id.as_str();
    let mut plan = ChannelPlan {
        tracker: route.id.clone(),
        keeps_tickets: route.keeps_tickets,
        works: Vec::new(),
        held: Vec::new(),
        capped: BTreeMap::new(),
        waiting: BTreeSet::new(),
        refused: Vec::new(),
    };
    let mut builds: BTreeMap<String, Build> = desk
        .ground
        .book
        .tickets
        .iter()
        .filter(|ticket| ticket.tracker == tracker && !is_figure(ticket.unit))
        .filter(|ticket| {
            let all_done = || desk.lines_on(tracker, &ticket.key).iter().all(|line| line.status.is_done());
            let begun = matches!(ticket.state, TicketState::Intended | TicketState::Rejected);
            // Also a close of which we learned late, over a line that is not done.
            let differs = match ticket.state {
                TicketState::Open => all_done(),
                TicketState::Resolved => !all_done(),
                _ => false,
            };
            begun || ticket.by_hand.is_some() || ticket.stale || differs
        })
        .map(|ticket| (ticket.key.clone(), Build::of(desk, ticket)))
        .collect();
    for item in desk.items(route) {
        gather(desk, route, &item, &mut builds, &mut plan);
    }
    cap(desk, route, &mut builds, &mut plan);
    let mut works: Vec<Work> = builds.into_values().filter_map(|build| work(desk, build, &mut plan)).collect();
    works.extend(figures::works(desk, route, &plan, &works));
    works.sort_by(|left, right| {
        // What was begun comes first, then the worst, then the oldest.
        let begun = |work: &Work| work.before.as_ref().is_none_or(|ticket| ticket.state != TicketState::Intended);
        (begun(left), left.rank, &left.ticket.key).cmp(&(begun(right), right.rank, &right.ticket.key))
    });
    plan.works = works;
    plan
}

pub(in crate::tickets) fn is_figure(unit: Unit) -> bool {
    matches!(unit, Unit::Digest | Unit::BatchParent)
}

fn gather(
    desk: &Desk<'_>,
    route: &Route,
    item: &Item<'_>,
    builds: &mut BTreeMap<String, Build>,
    plan: &mut ChannelPlan,
) {
    let tracker = route.id.as_str();
    if !item.opens {
        let Some(line) = item.line else { return };
        let Some(ticket) = desk.tickets.get(&(tracker, line.ticket.as_str())) else { return };
        let build = builds.entry(ticket.key.clone()).or_insert_with(|| Build::of(desk, ticket));
        build.add(desk.told(item, tracker, &ticket.key, None), &item.news);
        return;
    }
    let about = match desk.leave(route, item) {
        Leave::Yes(about) | Leave::Unjudged(_, about) => about,
        Leave::Held(held) => {
            plan.held.push(held);
            return;
        }
        Leave::NotWished => return,
    };
    let (build, key) = match home(desk, route, item, &about) {
        Home::Joins(ticket) | Home::Silent(ticket) => {
            (builds.entry(ticket.key.clone()).or_insert_with(|| Build::of(desk, ticket)), ticket.key.clone())
        }
        Home::Reopens(ticket) => {
            let build = builds.entry(ticket.key.clone()).or_insert_with(|| Build::of(desk, ticket));
            build.reopens = true;
            (build, ticket.key.clone())
        }
        Home::New { group, generation, previous } => {
            let ticket = new_ticket(desk, tracker, group, generation, previous);
            let key = ticket.key.clone();
            (builds.entry(key.clone()).or_insert_with(|| Build::fresh(ticket)), key)
        }
    };
    build.add(desk.told(item, tracker, &key, Some(about)), &item.news);
}

/// Leaves out new tickets above the caps, the least urgent first (TKT-6).
fn cap(desk: &Desk<'_>, route: &Route, builds: &mut BTreeMap<String, Build>, plan: &mut ChannelPlan) {
    let ground = desk.ground;
    let room = breaker::room(ground.book, route.id.as_str(), &desk.last.run, ground.now, ground.habits.caps);
    let mut fresh: Vec<_> = builds
        .iter()
        .filter(|(_, build)| build.before.is_none())
        .map(|(key, build)| (build.rank(desk), key.clone()))
        .collect();
    fresh.sort();
    for (_, key) in fresh.into_iter().skip(room) {
        let Some(build) = builds.remove(&key) else { continue };
        for fingerprint in build.lines.keys() {
            let system = desk.memory(*fingerprint).map(|memory| memory.finding.system.to_string());
            *plan.capped.entry(system.unwrap_or_default()).or_default() += 1;
        }
    }
}

fn work(desk: &Desk<'_>, build: Build, plan: &mut ChannelPlan) -> Option<Work> {
    let rank = build.rank(desk);
    let Build { mut ticket, before, lines, lines_before, mut news, reopens } = build;
    for spoken in news.values_mut() {
        spoken.sort_unstable();
    }
    let mut lines: Vec<TicketLine> = lines.into_values().collect();
    lines.sort_by_key(|line| {
        let end = desk.memory(line.fingerprint).map(|memory| memory.finding.access_end.at);
        (line.status.is_done(), line.severity, end, line.fingerprint)
    });
    let all_done = lines.iter().all(|line| line.status.is_done());
    let silent = news.values().all(Vec::is_empty);
    let (task, first) = decide(desk, &mut ticket, all_done, reopens, silent, &lines);
    let entries: Vec<words::Entry<'_>> = lines.iter().map(|line| (line, desk.memory(line.fingerprint))).collect();
    let draft = words::draft(&ticket, &entries, desk.ground.habits);
    ticket.severity = Some(draft.severity);
    // What may have been said already is not said again; what later runs wish to have said was not said.
    let said = ticket.pending.take_if(|pending| pending.operation == Operation::Comment);
    if let Some(said) = said.filter(|_| task == Task::Revise) {
        news.retain(|print, _| desk.is_wished_after(*print, said.at));
    }
    let comment = comment(task, first, &entries, &news);
    if let Some(why) = waits(desk, &ticket, before.as_ref(), task, comment.is_some(), &draft) {
        // A close that waits is something to tell, too.
        let tells = |line: &&TicketLine| task == Task::Resolve || !line.status.is_done();
        plan.waiting.extend(lines.iter().filter(tells).map(|line| line.fingerprint));
        if let Wait::Refused(reason) = why {
            plan.refused.push((ticket.key.clone(), reason));
        }
        return None;
    }
    let changed = lines != lines_before || before.as_ref() != Some(&ticket);
    let only_looks = desk.makes_none();
    (task != Task::Keep || changed).then_some(Work {
        ticket,
        before,
        lines,
        lines_before,
        task,
        only_looks,
        draft,
        comment,
        rank,
    })
}

/// What is to be done, and the first sentence of what is said. Sets the state the ticket has afterwards.
fn decide(
    desk: &Desk<'_>,
    ticket: &mut Ticket,
    all_done: bool,
    reopens: bool,
    silent: bool,
    lines: &[TicketLine],
) -> (Task, Option<String>) {
    let now = desk.ground.now;
    let run = &desk.last.run;
    match ticket.state {
        TicketState::Rejected | TicketState::Refused | TicketState::Disputed | TicketState::Missing if all_done => {
            if ticket.state == TicketState::Missing {
                // What is gone cannot be opened again, so what comes back gets a new one (TKT-4).
                ticket.remote = None;
            }
            ticket.state = TicketState::Resolved;
            ticket.resolved_at = Some(now);
            (Task::Keep, None)
        }
        TicketState::Intended | TicketState::Rejected => (Task::Create, None),
        TicketState::Open => match ticket.by_hand.clone() {
            Some(hand) => decide_by_hand(desk, ticket, &hand, all_done, lines),
            None if all_done => {
                ticket.state = TicketState::Resolved;
                ticket.resolved_at = Some(now);
                (Task::Resolve, Some(format!("Every line is done; closed by Holdover after {run}. The proof:")))
            }
            None if silent && ticket.stale => (Task::Revise, None),
            None if silent => (Task::Keep, None),
            None => (Task::Revise, Some(format!("News from {run}:"))),
        },
        // Also where a close whose answer was lost turns out to have been done, and the access came back meanwhile.
        TicketState::Resolved if reopens || !all_done => {
            ticket.state = TicketState::Open;
            ticket.resolved_at = None;
            // A close by hand before the access was proven gone is over.
            ticket.by_hand = None;
            (Task::Reopen, Some(format!("Access that was done is back; opened again after {run}.")))
        }
        TicketState::Resolved | TicketState::Refused | TicketState::Disputed | TicketState::Missing => {
            (Task::Keep, None)
        }
    }
}

/// A ticket that somebody closed (TKT-3). What was read before that says nothing about what is there now.
fn decide_by_hand(
    desk: &Desk<'_>,
    ticket: &mut Ticket,
    hand: &ClosedByHand,
    all_done: bool,
    lines: &[TicketLine],
) -> (Task, Option<String>) {
    if all_done {
        ticket.state = TicketState::Resolved;
        ticket.resolved_at = Some(desk.ground.now);
        return (Task::Keep, None);
    }
    let remains = lines.iter().filter(|line| !line.status.is_done()).any(|line| {
        desk.memory(line.fingerprint)
            .is_some_and(|memory| may_open(&memory.finding) && memory.finding.last_seen_at > hand.at)
    });
    match (remains, hand.refused, ticket.reopened_by_us) {
        (false, _, _) => (Task::Keep, None),
        (true, true, _) => {
            ticket.state = TicketState::Refused;
            (Task::Keep, None)
        }
        (true, false, 0) => {
            ticket.by_hand = None;
            ticket.reopened_by_us = 1;
            let said = format!(
                "This ticket was closed by hand {}, and the access was read in force after that. It is opened again \
                 once; after another close by hand it is only reported.",
                hand.at.format("%Y-%m-%d %H:%M UTC")
            );
            (Task::Reopen, Some(said))
        }
        (true, false, _) => {
            ticket.state = TicketState::Disputed;
            (Task::Keep, None)
        }
    }
}

fn comment(
    task: Task,
    first: Option<String>,
    entries: &[words::Entry<'_>],
    news: &BTreeMap<Fingerprint, Vec<News>>,
) -> Option<Text> {
    let first = first?;
    let of = |fingerprint: &Fingerprint| news.get(fingerprint).into_iter().flatten().copied();
    let mut blocks: Vec<Block> = Vec::new();
    for (line, memory) in entries {
        if task == Task::Resolve {
            let done = if line.status == crate::store::outbox::LineStatus::Suppressed {
                News::Suppressed
            } else {
                News::Closed
            };
            blocks.push(words::paragraph(done, line, *memory));
        } else {
            let spoken = of(&line.fingerprint).filter(|news| news.speaks());
            blocks.extend(spoken.map(|news| words::paragraph(news, line, *memory)));
        }
    }
    let speaks = task != Task::Revise || !blocks.is_empty();
    speaks.then(|| words::comment(first, blocks))
}

/// Why a step has to wait.
enum Wait {
    /// One comment a run, or time after a failure.
    ForNow,
    /// A refusal that stands, with its reason.
    Refused(String),
}

/// Whether a ticket that is to be made has nothing left to tell: everything on it ended before it was.
pub(in crate::tickets) fn is_over(work: &Work) -> bool {
    if is_figure(work.ticket.unit) {
        return work.ticket.count == 0;
    }
    work.lines.iter().all(|line| line.status.is_done())
}

/// Whether a step has to wait, and why.
fn waits(
    desk: &Desk<'_>,
    ticket: &Ticket,
    before: Option<&Ticket>,
    task: Task,
    comments: bool,
    draft: &crate::tickets::tracker::Draft,
) -> Option<Wait> {
    if task == Task::Keep {
        return None;
    }
    let before = before?;
    if is_put_off(desk, before, task) {
        return Some(Wait::ForNow);
    }
    if let Some(rejection) = before.rejection.as_ref().filter(|known| known.digest == digest(task, draft)) {
        return Some(Wait::Refused(rejection.reason.clone()));
    }
    if said_and_failed(desk, before, task) {
        return Some(Wait::ForNow);
    }
    let spoke = comments && task == Task::Revise && ticket.commented_in.as_deref() == Some(&desk.last.run);
    spoke.then_some(Wait::ForNow)
}

/// Whether a step that failed is not to be tried again yet. A wait that is longer than any of this step belongs to
/// another one: a close that fails for weeks keeps no news back.
pub(super) fn is_put_off(desk: &Desk<'_>, before: &Ticket, task: Task) -> bool {
    let now = desk.ground.now;
    before.not_before.is_some_and(|at| at > now && at - now <= task.longest_wait())
}

/// Whether closing or opening again failed in this run, after its comment may have been made: the comment is not made
/// twice in one run.
pub(super) fn said_and_failed(desk: &Desk<'_>, before: &Ticket, task: Task) -> bool {
    matches!(task, Task::Reopen | Task::Resolve)
        && before.attempts > 0
        && before.commented_in.as_deref() == Some(&desk.last.run)
}

/// What is compared to tell whether a refused step has changed.
pub(in crate::tickets) fn digest(task: Task, draft: &crate::tickets::tracker::Draft) -> String {
    use sha2::{Digest as _, Sha256};
    // The debug form names every field: what differs in any of them differs here.
    data_encoding::HEXLOWER.encode(&Sha256::digest(format!("{task:?} {draft:?}")))
}
