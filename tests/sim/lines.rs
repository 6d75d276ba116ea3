//! What goes wrong between the scanner and the Okta organisation. Everything hangs on the address and on how often it was
//! asked for, never on the order of requests, so that a seed repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use holdover_kit::fault::{Answer, Asked};
use holdover_kit::stub::okta::{okta_error, okta_throttled};
use scan_contract::Instant;
use scan_transport::wire::Broken;

use crate::fault::{Fault, Met};
use crate::okta::emptied;

/// A cursor that only the line knows.
const INSERTED: &str = "inserted";

/// The line of one run.
pub(crate) struct Line {
    faults: Vec<Fault>,
    turn: u64,
    met: Arc<Met>,
    /// Whether the credential has ended by now.
    ended: AtomicBool,
}

/// What is said before the organisation is asked.
pub(crate) enum Said {
    /// No answer.
    Nothing(Broken),
    /// Another answer.
    Instead(Answer),
    /// The organisation's, of which half arrives.
    CutShort,
    /// The organisation's.
    AsItIs,
}

fn is_user_list(path: &str) -> bool {
    path == "/api/v1/users"
}

fn date(at: Instant) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

impl Line {
    pub(crate) fn new(faults: &[Fault], turn: u64, met: Arc<Met>) -> Self {
        Self { faults: faults.to_vec(), turn, met, ended: AtomicBool::new(false) }
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    fn fires(&self, fault: Fault, now: bool) -> bool {
        let fires = now && self.has(fault);
        if fires {
            self.met.fired(fault);
        }
        fires
    }

    /// Whether a request is of the list that this run's faults meet.
    fn is_target(&self, path: &str) -> bool {
        match self.turn % 6 {
            0 => is_user_list(path),
            1 => path == "/api/v1/apps",
            2 => path.starts_with("/api/v1/apps/") && path.ends_with("/users"),
            3 => path == "/api/v1/api-tokens",
            4 => path.starts_with("/api/v1/users/") && path.ends_with("/grants"),
            _ => path.starts_with("/api/v1/users/00u") && path.matches('/').count() == 4,
        }
    }

    /// The time the organisation says it is.
    pub(crate) fn date(&self, now: Instant) -> Instant {
        if self.fires(Fault::OktaClockOff, true) {
            now - chrono::TimeDelta::minutes(10)
        } else if self.fires(Fault::OktaClockDrifts, true) {
            now - chrono::TimeDelta::seconds(100)
        } else {
            now
        }
    }

    /// Before the organisation is asked.
    pub(crate) fn before(&self, asked: &mut Asked, attempt: u32, now: Instant) -> Said {
        let target = self.is_target(&asked.path);
        let later = asked.query("after").is_some();
        let seconds = chrono::TimeDelta::seconds;
        if self.ended.load(Ordering::SeqCst) || self.fires(Fault::OktaExpires, target) {
            self.ended.store(true, Ordering::SeqCst);
            return Said::Instead(okta_error(401, "E0000011"));
        }
        let limited = [
            (Fault::OktaLimitSeconds, 2, "retry-after", String::from("7")),
            (Fault::OktaLimitDate, 2, "retry-after", date(now + seconds(30))),
            (Fault::OktaLimitLong, 1, "retry-after", String::from("780")),
            (Fault::OktaLimitBare, 1, "x-note", String::from("none")),
        ];
        for (fault, times, name, value) in limited {
            if self.fires(fault, target && attempt <= times) {
                return Said::Instead(okta_error(429, "E0000047").with(name, &value));
            }
        }
        if self.fires(Fault::OktaLimitReset, target && attempt <= 2) {
            return Said::Instead(okta_throttled((now + seconds(20)).timestamp()));
        }
        if self.fires(Fault::OktaLimitFar, target) {
            return Said::Instead(okta_throttled((now + chrono::TimeDelta::days(1)).timestamp()));
        }
        if self.fires(Fault::OktaExpiresOnce, target && attempt == 1) {
            return Said::Instead(okta_error(401, "E0000011"));
        }
        if self.fires(Fault::OktaDenied, target) {
            return Said::Instead(okta_error(403, "E0000006"));
        }
        if self.fires(Fault::OktaPageFails, later) {
            return Said::Instead(okta_error(500, "E0000009"));
        }
        if self.fires(Fault::OktaStumbles, target && attempt <= 2) || self.fires(Fault::OktaOutage, target) {
            return Said::Instead(Answer::status(503));
        }
        if self.fires(Fault::OktaLoginPage, target) {
            return Said::Instead(Answer::html("<!doctype html><title>Sign in</title>"));
        }
        if self.fires(Fault::OktaRefused, target) {
            return Said::Nothing(Broken::Refused);
        }
        if self.fires(Fault::OktaSilent, target) {
            return Said::Nothing(Broken::Silent);
        }
        if self.fires(Fault::OktaReset, target && attempt == 1) {
            return Said::Nothing(Broken::Reset);
        }
        if self.fires(Fault::OktaCut, target && attempt == 1) || self.fires(Fault::OktaCutAlways, target) {
            return Said::CutShort;
        }
        if asked.query("after") == Some(INSERTED) {
            asked.query.retain(|(name, _)| name != "after");
        }
        Said::AsItIs
    }

    /// What becomes of the organisation's answer.
    pub(crate) fn after(&self, asked: &Asked, _: u32, _: Instant, answer: Answer) -> Answer {
        let later = asked.query("after").is_some();
        let users = is_user_list(&asked.path);
        let link = |to: &str| format!("<{to}>; rel=\"next\"");
        if self.fires(Fault::OktaCursorRepeats, users && later) {
            return answer.with_only("link", &link(&asked.address()));
        }
        if self.fires(Fault::OktaLinkMissing, users && !later && has_next(&answer)) {
            return answer.without("link");
        }
        if self.fires(Fault::OktaElsewhere, users && !later) {
            return answer.with_only("link", &link("https://evil.example/api/v1/users?after=x"));
        }
        let first = users && !asked.raw_query.contains("after=");
        if self.fires(Fault::OktaEmptyPage, first) {
            let next = format!("{}&after={INSERTED}", asked.address());
            return emptied(answer).with_only("link", &link(&next));
        }
        if self.fires(Fault::OktaStored, self.is_target(&asked.path)) {
            return answer.with("age", "100000");
        }
        if self.fires(Fault::OktaGarbled, users && !later) {
            return answer.edit(|value| {
                if let Some(first) = value.as_array_mut().and_then(|list| list.first_mut()) {
                    *first = serde_json::json!({"id": 5});
                }
            });
        }
        answer
    }
}

fn has_next(answer: &Answer) -> bool {
    answer.headers.get_all("link").iter().any(|link| link.as_bytes().ends_with(b"\"next\""))
}
