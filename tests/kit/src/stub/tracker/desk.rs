//! What a tracker keeps, whatever its dialect.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

/// A ticket.
#[derive(Debug, Clone, Default)]
pub struct Ticket {
    /// Number, from 1.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Text, in whatever form the dialect keeps it.
    pub body: Value,
    /// Labels, or the keys in fields.
    pub labels: Vec<String>,
    /// `open` or `closed`.
    pub closed: bool,
    /// The tracker's word for how it was closed.
    pub reason: String,
    /// Comments.
    pub notes: Vec<Value>,
    /// Not for those who ask, though it is there.
    pub hidden: bool,
    /// Further fields as they came.
    pub fields: Map<String, Value>,
    /// A pull request and no issue (GitHub).
    pub pull_request: bool,
    /// Searches that do not find it yet.
    pub unseen: u64,
}

/// One message of a receiver that keeps no tickets.
#[derive(Debug, Clone)]
pub struct Message {
    /// Body.
    pub body: Value,
    /// Headers whose names begin with `holdover-`.
    pub headers: Vec<(String, String)>,
    /// Body as it came.
    pub text: String,
}

#[derive(Debug, Default)]
struct State {
    tickets: Vec<Ticket>,
    messages: Vec<Message>,
    made: u64,
    lag: u64,
    page: usize,
    denied: bool,
    rejects: bool,
    deaf: bool,
    powerless: bool,
}

/// The desk: tickets, and how badly it is kept.
#[derive(Debug)]
pub struct Desk {
    secret: String,
    state: Mutex<State>,
}

impl Desk {
    /// An empty desk.
    pub(super) fn new(secret: &str) -> Self {
        Self { secret: String::from(secret), state: Mutex::new(State { page: 100, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// Every ticket that is there, hidden ones included.
    pub fn tickets(&self) -> Vec<Ticket> {
        self.state().tickets.clone()
    }

    /// Every message that was taken.
    pub fn messages(&self) -> Vec<Message> {
        self.state().messages.clone()
    }

    /// New tickets are missed by so many searches.
    pub fn lag(&self, searches: u64) {
        self.state().lag = searches;
    }

    /// Tickets a page.
    pub fn page(&self, size: usize) {
        self.state().page = size;
    }

    /// From now on (or no longer) nobody may see the place.
    pub fn deny(&self, denied: bool) {
        self.state().denied = denied;
    }

    /// From now on (or no longer) creations are refused for what they hold.
    pub fn reject(&self, rejects: bool) {
        self.state().rejects = rejects;
    }

    /// From now on terms of searches are dropped, so that everything is found.
    pub fn drop_filters(&self, deaf: bool) {
        self.state().deaf = deaf;
    }

    /// From now on changes of a state are answered well and not made.
    pub fn ignore_changes(&self, powerless: bool) {
        self.state().powerless = powerless;
    }

    /// Changes one ticket as a person would.
    pub fn edit(&self, number: u64, change: impl FnOnce(&mut Ticket)) {
        if let Some(ticket) = self.state().tickets.iter_mut().find(|ticket| ticket.number == number) {
            change(ticket);
        }
    }

    /// Deletes one.
    pub fn delete(&self, number: u64) {
        self.state().tickets.retain(|ticket| ticket.number != number);
    }

    /// Makes one, as a person or another process would.
    pub fn add(&self, ticket: Ticket) -> u64 {
        let mut state = self.state();
        state.made += 1;
        let number = state.made;
        let unseen = state.lag;
        state.tickets.push(Ticket { number, unseen, ..ticket });
        number
    }

    pub(super) fn is_denied(&self) -> bool {
        self.state().denied
    }

    pub(super) fn rejects(&self) -> bool {
        self.state().rejects
    }

    pub(super) fn ignores_changes(&self) -> bool {
        self.state().powerless
    }

    pub(super) fn page_size(&self) -> usize {
        self.state().page
    }

    pub(super) fn take(&self, message: Message) {
        self.state().messages.push(message);
    }

    /// One by its number, unless it is hidden.
    pub(super) fn get(&self, number: &str) -> Option<Ticket> {
        let number: u64 = number.parse().ok()?;
        self.state().tickets.iter().find(|ticket| ticket.number == number && !ticket.hidden).cloned()
    }

    /// Those that fit, by number. `sure` names numbers that are looked at themselves, whatever the index knows.
    /// The second figure counts hidden ones as well.
    pub(super) fn search(&self, fits: impl Fn(&Ticket) -> bool, sure: &[u64]) -> (Vec<Ticket>, usize) {
        let mut state = self.state();
        let deaf = state.deaf;
        let mut found = Vec::new();
        for ticket in state.tickets.iter_mut().filter(|ticket| deaf || fits(ticket)) {
            if ticket.unseen > 0 && !sure.contains(&ticket.number) {
                ticket.unseen -= 1;
                continue;
            }
            found.push(ticket.clone());
        }
        let all = found.len();
        found.retain(|ticket| !ticket.hidden);
        (found, all)
    }
}
