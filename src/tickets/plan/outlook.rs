//! What is new about one finding at one tracker, and whether it may be sent.

use std::collections::BTreeMap;

use scan_contract::Instant;

use super::{Ground, Held, Kept};
use crate::findings::wish::{Happening, may_open};
use crate::findings::{Class, Confidence, Finding, FindingState, Fingerprint, Memory, UsedAfterEnd};
use crate::store::outbox::{LineStatus, RosterHold, Ticket, TicketLine, TicketRun, Verdict, Wish, WishAbout};
use crate::tickets::settings::Route;
use crate::tickets::words::{self, News};

/// The book, laid out for looking things up.
pub(super) struct Desk<'a> {
    pub(super) ground: &'a Ground<'a>,
    pub(super) last: &'a TicketRun,
    lines: BTreeMap<(&'a str, Fingerprint), &'a TicketLine>,
    pub(super) tickets: BTreeMap<(&'a str, &'a str), &'a Ticket>,
    /// Newest ticket of each group.
    latest: BTreeMap<(&'a str, &'a str), &'a Ticket>,
    on_ticket: BTreeMap<(&'a str, &'a str), Vec<&'a TicketLine>>,
    /// One line of each finding that stands anywhere.
    anywhere: BTreeMap<Fingerprint, &'a TicketLine>,
    wishes: BTreeMap<Fingerprint, Vec<&'a Wish>>,
    runs: BTreeMap<&'a str, &'a TicketRun>,
    verdicts: BTreeMap<&'a str, &'a Verdict>,
    hold: Option<RosterHold>,
}

/// A finding as one tracker should tell it.
pub(super) struct Item<'a> {
    pub(super) fingerprint: Fingerprint,
    pub(super) memory: &'a Memory,
    pub(super) line: Option<&'a TicketLine>,
    pub(super) status: LineStatus,
    pub(super) news: Vec<News>,
    /// Whether it makes a ticket, or opens a line that was done.
    pub(super) opens: bool,
}

impl Item<'_> {
    /// Worst first, then oldest.
    pub(super) fn rank(&self) -> (crate::findings::Severity, Instant, Fingerprint) {
        let finding = &self.memory.finding;
        (finding.severity, finding.access_end.at, self.fingerprint)
    }
}

/// Whether an opening may be sent.
pub(super) enum Leave {
    /// Yes, with what may be said of the person.
    Yes(WishAbout),
    /// Not now.
    Held(Held),
    /// Nobody wished it: the next scan does.
    NotWished,
    /// The breaker has not seen this run.
    Unjudged(String, WishAbout),
}

impl<'a> Desk<'a> {
    pub(super) fn new(ground: &'a Ground<'a>, last: &'a TicketRun) -> Self {
        let book = ground.book;
        let mut wishes: BTreeMap<Fingerprint, Vec<&Wish>> = BTreeMap::new();
        for wish in &book.wishes {
            wishes.entry(wish.fingerprint).or_default().push(wish);
        }
        let mut latest: BTreeMap<(&str, &str), &Ticket> = BTreeMap::new();
        for ticket in &book.tickets {
            let newest = latest.entry((ticket.tracker.as_str(), ticket.group.as_str())).or_insert(ticket);
            if ticket.generation > newest.generation {
                *newest = ticket;
            }
        }
        let mut on_ticket: BTreeMap<(&str, &str), Vec<&TicketLine>> = BTreeMap::new();
        for line in &book.lines {
            on_ticket.entry((line.tracker.as_str(), line.ticket.as_str())).or_default().push(line);
        }
        let mut anywhere: BTreeMap<Fingerprint, &TicketLine> = BTreeMap::new();
        for line in &book.lines {
            anywhere.entry(line.fingerprint).or_insert(line);
        }
        // Accepting the digest of a surge or a baseline is the word that was waited for; a held roster needs a scan.
        let lifted = book.roster_released && last.hold != Some(RosterHold::Held);
        Self {
            ground,
            last,
            latest,
            on_ticket,
            anywhere,
            lines: book.lines.iter().map(|line| ((line.tracker.as_str(), line.fingerprint), line)).collect(),
            tickets: book
                .tickets
                .iter()
                .map(|ticket| ((ticket.tracker.as_str(), ticket.key.as_str()), ticket))
                .collect(),
            wishes,
            runs: book.runs.iter().map(|run| (run.run.as_str(), run)).collect(),
            verdicts: book.runs.iter().filter_map(|run| Some((run.run.as_str(), run.verdict.as_ref()?))).collect(),
            hold: last.hold.filter(|_| !lifted),
        }
    }

    pub(super) fn with_verdicts(mut self, verdicts: &'a BTreeMap<String, Verdict>) -> Self {
        self.verdicts.extend(verdicts.iter().map(|(run, verdict)| (run.as_str(), verdict)));
        self
    }

    pub(super) fn line(&self, tracker: &str, fingerprint: Fingerprint) -> Option<&'a TicketLine> {
        self.lines.get(&(tracker, fingerprint)).copied()
    }

    /// The newest ticket of a group.
    pub(super) fn latest(&self, tracker: &str, group: &str) -> Option<&'a Ticket> {
        self.latest.get(&(tracker, group)).copied()
    }

    /// Lines of a ticket.
    pub(super) fn lines_on(&self, tracker: &str, ticket: &str) -> Vec<&'a TicketLine> {
        self.on_ticket.get(&(tracker, ticket)).cloned().unwrap_or_default()
    }

    pub(super) fn memory(&self, fingerprint: Fingerprint) -> Option<&'a Memory> {
        self.ground.book.memories.get(&fingerprint)
    }

    /// Whether the roster keeps every new ticket back.
    pub(super) fn makes_none(&self) -> bool {
        self.hold.is_some()
    }

    /// Whether findings of this sort go to a route. One that has a ticket stays where it is.
    fn takes(&self, route: &Route, fingerprint: Fingerprint, finding: &Finding) -> bool {
        let routes = self.ground.routes;
        let team = finding.owner_team.as_deref();
        let names = |route: &Route| team.is_some_and(|team| route.owner_teams.iter().any(|own| own == team));
        if !route.keeps_tickets {
            // What was raised there ends there, whoever owns the system by then.
            let raised = || self.line(route.id.as_str(), fingerprint).is_some_and(|line| !line.status.is_done());
            return route.owner_teams.is_empty() || names(route) || raised();
        }
        let mut trackers = routes.iter().filter(|route| route.keeps_tickets);
        if let Some(home) = trackers.clone().find(|home| self.line(home.id.as_str(), fingerprint).is_some()) {
            return home.id == route.id;
        }
        let named = trackers.clone().find(|tracker| names(tracker));
        let home = named.or_else(|| trackers.find(|tracker| tracker.owner_teams.is_empty()));
        home.is_some_and(|home| home.id == route.id)
    }

    /// Whether a route answers for a finding, closed ones included.
    pub(super) fn answers_for(&self, route: &Route, fingerprint: Fingerprint) -> bool {
        self.line(route.id.as_str(), fingerprint).is_some()
            || self.memory(fingerprint).is_some_and(|memory| self.takes(route, fingerprint, &memory.finding))
    }

    /// Findings about which a tracker has something to tell, worst first.
    pub(super) fn items(&self, route: &Route) -> Vec<Item<'a>> {
        let mut items: Vec<Item<'a>> = self
            .ground
            .book
            .memories
            .iter()
            .filter(|(print, memory)| self.takes(route, **print, &memory.finding))
            .filter_map(|(print, memory)| self.item(*print, memory, self.line(route.id.as_str(), *print)))
            .collect();
        items.sort_by_key(Item::rank);
        items
    }

    /// Findings that a tracker would make or open a ticket for, and those that were wished for and may still come to
    /// it, though they cannot be looked at today: what the breaker is asked about.
    pub(super) fn openings(&self, route: &Route) -> Vec<Item<'a>> {
        let open = |(print, memory): (&Fingerprint, &'a Memory)| {
            let line = self.line(route.id.as_str(), *print);
            if let Some(item) = self.item(*print, memory, line).filter(|item| item.opens) {
                return Some(item);
            }
            let waits = line.is_none_or(|line| line.status.is_done())
                && may_still_open(&memory.finding)
                && self.opening_wish(*print, line).is_some();
            let status = LineStatus::Open;
            waits.then_some(Item { fingerprint: *print, memory, line, status, news: Vec::new(), opens: true })
        };
        let taken =
            self.ground.book.memories.iter().filter(|(print, memory)| self.takes(route, **print, &memory.finding));
        taken.filter_map(open).collect()
    }

    /// The oldest wish of an opening that a line does not tell yet: what waits for a word is not let through by a later
    /// run.
    fn opening_wish(&self, fingerprint: Fingerprint, line: Option<&TicketLine>) -> Option<&'a Wish> {
        let told = line.map_or(0, |line| line.through);
        let wishes = self.wishes.get(&fingerprint).into_iter().flatten();
        wishes.copied().find(|wish| wish.number > told && wish.happening.opens())
    }

    fn item(&self, fingerprint: Fingerprint, memory: &'a Memory, line: Option<&'a TicketLine>) -> Option<Item<'a>> {
        let finding = &memory.finding;
        let Some(line) = line else {
            return may_open(finding).then(|| Item {
                fingerprint,
                memory,
                line: None,
                status: LineStatus::Open,
                news: vec![News::Added],
                opens: true,
            });
        };
        let status = status_of(finding, line);
        let mut news = news_of(status, line);
        let opens = line.status.is_done() && !status.is_done();
        if status == LineStatus::Open && !opens {
            let used = finding.used_after_end == UsedAfterEnd::After;
            if finding.severity < line.severity || (used && !line.used) {
                news.push(News::Worse);
            } else if finding.severity > line.severity {
                news.push(News::Milder);
            }
        }
        let unread = self.through(fingerprint) > line.through;
        (!news.is_empty() || unread).then_some(Item { fingerprint, memory, line: Some(line), status, news, opens })
    }

    /// The last wish about a finding.
    fn through(&self, fingerprint: Fingerprint) -> u64 {
        self.wishes.get(&fingerprint).and_then(|wishes| wishes.last()).map_or(0, |wish| wish.number)
    }

    /// Whether a run after that instant wishes to have something told of a finding.
    pub(super) fn is_wished_after(&self, fingerprint: Fingerprint, at: Instant) -> bool {
        self.wishes.get(&fingerprint).into_iter().flatten().any(|wish| wish.at > at)
    }

    /// Whether an opening may be sent.
    pub(super) fn leave(&self, route: &Route, item: &Item<'_>) -> Leave {
        let Some(wish) = self.opening_wish(item.fingerprint, item.line) else {
            // Told elsewhere already: a tracker or receiver that was added later, or a record that was lost.
            let Some(line) = self.anywhere.get(&item.fingerprint) else { return Leave::NotWished };
            if let Some(hold) = self.hold {
                return Leave::Held(self.held(item, &self.last.run, Kept::Roster(hold.into())));
            }
            if !route.keeps_tickets {
                return Leave::Yes(line.about.clone());
            }
            return self.judged(item, &self.last.run, &line.about);
        };
        if let Some(hold) = self.hold {
            return Leave::Held(self.held(item, &wish.run, Kept::Roster(hold.into())));
        }
        if wish.about.disclosed_at.is_some_and(|at| at > self.ground.now) {
            return Leave::Held(self.held(item, &wish.run, Kept::Undisclosed));
        }
        if wish.about.batch.is_some() && !self.is_released(&wish.run) {
            return Leave::Held(self.held(item, &wish.run, Kept::Batch));
        }
        self.judged(item, &wish.run, &wish.about)
    }

    fn is_released(&self, run: &str) -> bool {
        self.runs.get(run).is_some_and(|run| run.released.is_some())
    }

    /// What an operator or the breaker said of a run.
    fn judged(&self, item: &Item<'_>, run: &str, about: &WishAbout) -> Leave {
        if self.is_released(run) {
            return Leave::Yes(about.clone());
        }
        match self.verdicts.get(run) {
            Some(Verdict::Passed { .. }) => Leave::Yes(about.clone()),
            Some(Verdict::Held { .. }) => Leave::Held(self.held(item, run, Kept::Breaker)),
            None => Leave::Unjudged(run.to_owned(), about.clone()),
        }
    }

    #[expect(clippy::unused_self, reason = "reads as a question to the desk")]
    fn held(&self, item: &Item<'_>, run: &str, kept: Kept) -> Held {
        Held { fingerprint: item.fingerprint, run: run.to_owned(), kept }
    }

    /// The run whose word from the breaker an opening waits for. A tracker that is new in the configuration asks for
    /// what stands elsewhere as a part of the last run, also where that run has passed: its word was for less. An
    /// operator's word for the last run holds for these too.
    pub(super) fn unjudged(&self, route: &Route, item: &Item<'_>) -> Option<String> {
        if !item.opens {
            return None;
        }
        match self.leave(route, item) {
            Leave::Unjudged(run, _) => Some(run),
            Leave::Yes(_)
                if route.keeps_tickets
                    && self.opening_wish(item.fingerprint, item.line).is_none()
                    && !self.is_released(&self.last.run) =>
            {
                Some(self.last.run.clone())
            }
            Leave::Yes(_) | Leave::Held(_) | Leave::NotWished => None,
        }
    }

    /// The line as the ticket should tell it.
    pub(super) fn told(&self, item: &Item<'_>, tracker: &str, ticket: &str, about: Option<WishAbout>) -> TicketLine {
        let finding = &item.memory.finding;
        let open = item.status == LineStatus::Open;
        let severity = item.line.filter(|_| !open).map_or(finding.severity, |line| line.severity);
        let used = finding.used_after_end == UsedAfterEnd::After || item.line.is_some_and(|line| line.used);
        TicketLine {
            tracker: tracker.to_owned(),
            fingerprint: item.fingerprint,
            ticket: ticket.to_owned(),
            status: item.status,
            severity,
            used,
            remark: self.remark(item),
            through: self.through(item.fingerprint).max(item.line.map_or(0, |line| line.through)),
            about: about.or_else(|| item.line.map(|line| line.about.clone())).unwrap_or_default(),
        }
    }

    fn remark(&self, item: &Item<'_>) -> Option<String> {
        if !item.status.is_done() {
            return None;
        }
        if let Some(line) = item.line.filter(|line| line.status == item.status) {
            return line.remark.clone();
        }
        let fits = |happening: &Happening| match item.status {
            LineStatus::Closed => matches!(happening, Happening::Closed { .. }),
            LineStatus::Suppressed => matches!(happening, Happening::Suppressed { .. }),
            LineStatus::Open | LineStatus::Unverified => false,
        };
        let wishes = self.wishes.get(&item.fingerprint).into_iter().flatten();
        let told = wishes.rev().find(|wish| fits(&wish.happening)).and_then(|wish| words::remark(&wish.happening));
        told.or_else(|| Some(words::remembered(&item.memory.finding, item.memory.absent.as_ref())))
    }
}

/// Whether an open finding may still become a ticket, though it may not be seen today.
pub(super) fn may_still_open(finding: &Finding) -> bool {
    finding.state.is_open() && finding.class == Class::Residual && finding.confidence != Confidence::Low
}

/// What the ticket should say of a finding that is on it.
fn status_of(finding: &Finding, line: &TicketLine) -> LineStatus {
    match finding.state {
        FindingState::Closed => LineStatus::Closed,
        FindingState::Suppressed if line.status != LineStatus::Closed => LineStatus::Suppressed,
        // What was done opens again only when that is certain.
        FindingState::Confirmed if may_open(finding) || !line.status.is_done() => LineStatus::Open,
        FindingState::Unverified if !line.status.is_done() => LineStatus::Unverified,
        FindingState::Suppressed
        | FindingState::Confirmed
        | FindingState::Unverified
        | FindingState::Observed
        | FindingState::Closing
        | FindingState::Ambiguous => line.status,
    }
}

fn news_of(status: LineStatus, line: &TicketLine) -> Vec<News> {
    if status == line.status {
        return Vec::new();
    }
    let news = match (line.status, status) {
        (LineStatus::Closed | LineStatus::Suppressed, LineStatus::Open) => News::Back,
        (_, LineStatus::Open) => News::ReadAgain,
        (_, LineStatus::Unverified) => News::Unverified,
        (_, LineStatus::Closed) => News::Closed,
        (_, LineStatus::Suppressed) => News::Suppressed,
    };
    vec![news]
}
