//! What the server knows: the stub, the faults, and every request so far.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::canary::Canaries;

use super::answer::Answer;
use super::asked::Asked;
use super::damage::{Damage, Plan};
use super::limit::RateLimit;
use super::rule::{Counters, On, Planted};
use super::server::Stub;

pub(super) type Operations = Arc<dyn Fn(&Asked) -> Option<String> + Send + Sync>;

/// One request and what became of it.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The request.
    pub asked: Asked,
    /// Status it was answered with; what was on its way may still have been cut.
    pub status: u16,
    /// Faults that met it.
    pub faults: Vec<String>,
    /// Whether the rate limit refused it.
    pub limited: bool,
    /// Whether the test's list has it.
    pub listed: bool,
}

struct Rule {
    on: On,
    damage: Damage,
    planted: Planted,
}

pub(super) struct Script {
    pub(super) stub: Arc<dyn Stub>,
    pub(super) operations: Option<Operations>,
    pub(super) origin: Mutex<String>,
    pub(super) limit: Mutex<Option<RateLimit>>,
    pub(super) canaries: Option<Arc<Canaries>>,
    pub(super) date: Option<String>,
    pub(super) log: Mutex<Vec<Logged>>,
    pub(super) most_in_flight: AtomicU64,
    pub(super) in_flight: AtomicU64,
    pub(super) connections: AtomicU64,
    pub(super) failed_handshakes: AtomicU64,
    rules: Mutex<Vec<Rule>>,
    numbers: Mutex<Numbers>,
    first_answers: Mutex<HashMap<String, Answer>>,
    latency_micros: AtomicU64,
    troubles: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Numbers {
    all: u64,
    of: HashMap<String, u64>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Script {
    pub(super) fn new(stub: Arc<dyn Stub>) -> Self {
        Self {
            stub,
            operations: None,
            origin: Mutex::default(),
            limit: Mutex::default(),
            canaries: None,
            date: None,
            log: Mutex::default(),
            most_in_flight: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            failed_handshakes: AtomicU64::new(0),
            rules: Mutex::default(),
            numbers: Mutex::default(),
            first_answers: Mutex::default(),
            latency_micros: AtomicU64::new(0),
            troubles: Mutex::default(),
        }
    }

    pub(super) fn known_as(&self, origin: &str) {
        *lock(&self.origin) = String::from(origin);
    }

    pub(super) fn origin(&self) -> String {
        lock(&self.origin).clone()
    }

    pub(super) fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latency_micros.store(micros, Ordering::SeqCst);
    }

    pub(super) fn plant(&self, on: On, damage: Damage) -> Planted {
        let planted =
            Planted { shown: format!("{} on {on:?}", damage.shown()), counters: Arc::new(Counters::default()) };
        lock(&self.rules).push(Rule { on, damage, planted: planted.clone() });
        planted
    }

    pub(super) fn complain(&self, what: String) {
        lock(&self.troubles).push(what);
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        let mut all = lock(&self.troubles).clone();
        for rule in lock(&self.rules).iter().filter(|rule| rule.planted.unfired()) {
            let matched = rule.planted.matched();
            all.push(format!("never fired, though {matched} requests matched: {}", rule.planted.shown));
        }
        for logged in lock(&self.log).iter().filter(|logged| !logged.listed) {
            all.push(format!("outside the list of allowed requests: {} {}", logged.asked.method, logged.asked.path));
        }
        all
    }

    /// Names and counts a request.
    fn place(&self, asked: &mut Asked) -> bool {
        let name = self.operations.as_ref().map(|operations| operations(asked));
        let listed = !matches!(name, Some(None));
        asked.operation = name.flatten().unwrap_or_else(|| format!("{} {}", asked.method, asked.path));
        let mut numbers = lock(&self.numbers);
        numbers.all += 1;
        asked.number = numbers.all;
        let count = numbers.of.entry(asked.operation.clone()).or_insert(0);
        *count += 1;
        asked.of_operation = *count;
        listed
    }

    /// The faults that meet a request, in the order they were planted.
    fn damages(&self, asked: &Asked) -> (Vec<Damage>, Vec<String>) {
        let mut damages = Vec::new();
        let mut shown = Vec::new();
        for rule in lock(&self.rules).iter() {
            let counters = &rule.planted.counters;
            if counters.withdrawn.load(Ordering::SeqCst) || !rule.on.matches(asked) {
                continue;
            }
            let count = counters.matched.fetch_add(1, Ordering::SeqCst) + 1;
            if rule.on.takes(count, counters.fired.load(Ordering::SeqCst)) {
                counters.fired.fetch_add(1, Ordering::SeqCst);
                damages.push(rule.damage.clone());
                shown.push(rule.planted.shown.clone());
            }
        }
        (damages, shown)
    }

    fn ask_stub(&self, asked: &Asked) -> Answer {
        catch_unwind(AssertUnwindSafe(|| self.stub.answer(asked))).unwrap_or_else(|panic| {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| String::from(*text)))
                .unwrap_or_default();
            self.complain(format!("the stub panicked on {} {}: {text}", asked.method, asked.path));
            Answer::status(500)
        })
    }

    /// What becomes of one request. Also writes it down.
    pub(super) fn decide(&self, mut asked: Asked) -> Plan {
        let listed = self.place(&mut asked);
        let refusal = lock(&self.limit).as_ref().and_then(|limit| limit.refuses(&asked));
        let limited = refusal.is_some();
        let (damages, faults) = if limited { (Vec::new(), Vec::new()) } else { self.damages(&asked) };
        let mut answer = match refusal {
            Some(refusal) => refusal,
            None if !listed => Answer::status(501),
            None => self.answer(&asked, &damages),
        };
        if let Some(canaries) = &self.canaries {
            answer = canaries.planted_in(answer);
        }
        if let Some(date) = self.date.as_ref().filter(|_| !answer.headers.contains_key(http::header::DATE)) {
            answer = answer.with("date", date);
        }
        let mut plan = Plan::whole(answer);
        plan.before = Duration::from_micros(self.latency_micros.load(Ordering::SeqCst));
        for damage in &damages {
            plan.apply(damage);
        }
        lock(&self.log).push(Logged { asked, status: plan.answer.status, faults, limited, listed });
        plan
    }

    fn answer(&self, asked: &Asked, damages: &[Damage]) -> Answer {
        let replaced = damages.iter().rev().find_map(|damage| match damage {
            Damage::Reply(answer) => Some(answer.clone()),
            _ => None,
        });
        let mut answer = replaced.unwrap_or_else(|| {
            let fresh = self.ask_stub(asked);
            // Answers are kept for that fault alone: a large world would not fit beside them.
            if !lock(&self.rules).iter().any(|rule| matches!(rule.damage, Damage::Stale)) {
                return fresh;
            }
            let key = format!("{} {}?{} {}", asked.method, asked.path, asked.raw_query, asked.text());
            let first = lock(&self.first_answers).entry(key).or_insert_with(|| fresh.clone()).clone();
            if damages.iter().any(|damage| matches!(damage, Damage::Stale)) { first } else { fresh }
        });
        for damage in damages {
            if let Damage::Change(change) = damage {
                answer = change(asked, answer);
            }
        }
        answer
    }
}
