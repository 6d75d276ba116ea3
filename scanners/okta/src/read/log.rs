//! The system log of one user: sessions, which no list shows, and use after the end.
//!
//! One record stands for all sessions of the account, as they cannot be told apart: when the last one began, the latest
//! act of the user, the instant before which the system ended them all, and until when the last one can live.

use chrono::{SecondsFormat, TimeDelta};
use scan_contract::{Access, AccessKind, AsOf, AsOfSource, Cause, Cursor, Fact, Instant, Moment, Outlet, Status};

use super::Reader;
use super::follow::FollowUp;
use super::lane::Lane;
use super::person::vanished;
use super::policies::{LongestSession, longest};
use crate::client::{Found, Shape};
use crate::tell;
use crate::text::{Damage, instant, moment, quoted, short};
use crate::wire::{LogEvent, User};

/// Client of the record: the account itself, not one of its applications.
const CLIENT: &str = "okta";
/// Events asked for at once: the latest act and the last sign-in are nearly always among them.
const EVENTS: usize = 100;
/// Events that succeed for whoever knows a login, and show no use by the user.
const ANYBODY: &[&str] = &["user.account.reset_password", "user.account.unlock", "user.account.unlock_token"];
/// A sign-in.
const SESSION_START: &str = "user.session.start";
/// All sessions of a user were ended.
const SESSIONS_CLEARED: &str = "user.session.clear";

/// What the log says.
#[derive(Debug, Default)]
struct Seen {
    latest: Option<(Moment, String)>,
    began: Option<Moment>,
    token: Option<(Moment, String)>,
    cleared: Option<Instant>,
}

/// Reads the log of one user.
pub(crate) async fn read(reader: &Reader, outlet: &Outlet, of: &FollowUp) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, of.scope.clone());
    match reader.user(&of.user).await {
        Ok(Found::There(user)) => read_user(reader, &mut lane, &user, of).await?,
        Ok(Found::Gone) => drop(vanished(reader, &mut lane, of, "log").await?),
        Err(cause) => lane.fail(cause).await?,
    }
    lane.end().await
}

async fn read_user(reader: &Reader, lane: &mut Lane<'_>, user: &User, of: &FollowUp) -> Result<(), Cause> {
    let as_of = AsOf { at: reader.client.begun(), source: AsOfSource::Stated };
    lane.open(as_of).await?;
    let seen = match look(reader, lane, &of.user).await {
        Ok(seen) => seen,
        Err(cause) => return lane.fail(cause).await,
    };
    let life = longest(reader).await;
    let Some(access) = tell_sessions(lane, user, of, &seen, &life) else { return Ok(()) };
    lane.page(vec![access], Vec::new(), Cursor(String::from("end"))).await
}

async fn look(reader: &Reader, lane: &mut Lane<'_>, user: &str) -> Result<Seen, Cause> {
    let id = quoted(user);
    let mut seen = Seen::default();
    let acts = format!("actor.id eq {id} and outcome.result eq \"SUCCESS\"");
    let mut asked = 0;
    for event in events(reader, lane, &acts, EVENTS).await? {
        asked += 1;
        obeyed(is_act_of(&event, user))?;
        let at = moment(&event.published).ok_or_else(without_time)?;
        seen.act(&event, at);
    }
    if asked >= EVENTS && seen.latest.is_none() {
        // Whoever knows the login can have made all of these, and pushed the user's own acts behind them.
        for event in events(reader, lane, &own_acts(&acts), EVENTS).await? {
            obeyed(is_act_of(&event, user) && !is_of_anybody(&event))?;
            let at = moment(&event.published).ok_or_else(without_time)?;
            seen.act(&event, at);
        }
    }
    if seen.began.is_none() && asked >= EVENTS {
        let starts = format!("{acts} and eventType eq \"{SESSION_START}\"");
        for event in events(reader, lane, &starts, 1).await? {
            obeyed(is_act_of(&event, user) && event.event_type == SESSION_START)?;
            seen.began = moment(&event.published);
        }
    }
    let cleared =
        format!("target.id eq {id} and eventType eq \"{SESSIONS_CLEARED}\" and outcome.result eq \"SUCCESS\"");
    for event in events(reader, lane, &cleared, 1).await? {
        // Somebody else's sessions that were ended would make this user's count as over.
        obeyed(event.is_about(user) && event.event_type == SESSIONS_CLEARED)?;
        seen.cleared = instant(&event.published);
    }
    Ok(seen)
}

/// The latest events that a filter matches, latest first. Bounded on both sides, so that the list ends.
async fn events(reader: &Reader, lane: &Lane<'_>, filter: &str, limit: usize) -> Result<Vec<LogEvent>, Cause> {
    let until = reader.client.begun();
    let window = TimeDelta::from_std(reader.settings.log_window).unwrap_or(TimeDelta::days(90));
    let since = (until - window).to_rfc3339_opts(SecondsFormat::Millis, true);
    let until = until.to_rfc3339_opts(SecondsFormat::Millis, true);
    let limit = limit.to_string();
    let query = [
        ("filter", filter),
        ("since", since.as_str()),
        ("until", until.as_str()),
        ("sortOrder", "DESCENDING"),
        ("limit", limit.as_str()),
    ];
    let mut walk = reader.client.walk(&["api", "v1", "logs"], &query, Shape::Array)?;
    // Only the latest are wanted, and they come first: an empty page with a next link is followed, any other ends it.
    while let Some(page) = walk.page::<LogEvent>().await? {
        let Found::There(page) = page else {
            return Err(Cause::NotSupported { what: String::from("this organisation has no system log") });
        };
        if page.elements.is_empty() {
            continue;
        }
        let mut damage = Damage::new(&lane.name);
        let mut events = Vec::new();
        for element in page.elements {
            match element {
                Ok(event) => events.push(event),
                Err(damaged) => damage.element(&damaged, page.operation, page.number),
            }
        }
        lane.page(Vec::new(), damage.into_gaps(), page.cursor).await?;
        return Ok(events);
    }
    Ok(Vec::new())
}

/// The filter, without what anybody can cause. The log takes every operator of filters, `ne` too (since 2020.11); one that
/// does not is a gap.
fn own_acts(acts: &str) -> String {
    let others = ANYBODY.iter().map(|event_type| format!(" and eventType ne \"{event_type}\""));
    std::iter::once(String::from(acts)).chain(others).collect()
}

fn is_of_anybody(event: &LogEvent) -> bool {
    ANYBODY.contains(&event.event_type.as_str())
}

fn without_time() -> Cause {
    Cause::Malformed { what: String::from("an event of the system log has no time") }
}

fn obeyed(filter: bool) -> Result<(), Cause> {
    if filter {
        return Ok(());
    }
    Err(Cause::Malformed { what: String::from("the system log gave events that were not asked for") })
}

/// Whether the filter was obeyed. A use must never be told of somebody else.
fn is_act_of(event: &LogEvent, user: &str) -> bool {
    let actor = event.actor.as_ref().and_then(|actor| actor.id.as_deref());
    let result = event.outcome.as_ref().and_then(|outcome| outcome.result.as_deref());
    actor == Some(user) && result == Some("SUCCESS")
}

impl Seen {
    fn act(&mut self, event: &LogEvent, at: Moment) {
        if is_of_anybody(event) {
            return;
        }
        let later = |known: Option<&Moment>| known.is_none_or(|known| at > *known);
        if later(self.latest.as_ref().map(|(known, _)| known)) {
            self.latest = Some((at, short(&event.event_type)));
        }
        if event.event_type == SESSION_START && later(self.began.as_ref()) {
            self.began = Some(at);
        }
        let detail = event.transaction.as_ref().and_then(|transaction| transaction.detail.as_ref());
        if let Some(token) = detail.and_then(|detail| detail.request_api_token_id.as_deref())
            && later(self.token.as_ref().map(|(known, _)| known))
        {
            self.token = Some((at, short(token)));
        }
    }
}

fn tell_sessions(
    lane: &Lane<'_>,
    user: &User,
    of: &FollowUp,
    seen: &Seen,
    life: &Result<LongestSession, Cause>,
) -> Option<Access> {
    if seen.began.is_none() && seen.latest.is_none() {
        return None;
    }
    let id = format!("{}/{CLIENT}", of.user);
    let mut access = tell::of_user(&lane.name, AccessKind::Session, id, Status::Unknown, &of.user);
    access.status_text = Some(String::from("no list of sessions; told by the system log"));
    access.grant_display = user.profile.text("login").map(|login| format!("sessions of {}", short(login)));
    access.client = Some(String::from(CLIENT));
    access.created_at = seen.began.map_or_else(
        || Fact::Hidden(String::from("no sign-in in the part of the system log that is read")),
        Fact::Known,
    );
    access.expires_at = Fact::Hidden(String::from("told by the sign-on policy at best"));
    access.last_used_at = match &seen.latest {
        Some((at, event)) => {
            access.evidence.push(format!("latest act in the system log: {event} at {}", stamp(at.at)));
            Fact::Known(*at)
        }
        None => Fact::Hidden(String::from("no act in the part of the system log that is read")),
    };
    if let Some((at, token)) = &seen.token {
        access.evidence.push(format!("API token {token} was used at {}", stamp(at.at)));
    }
    // Deactivation ends the sessions here; those that applications opened live on there.
    let deactivated =
        (user.status == "DEPROVISIONED").then(|| user.status_changed.value().and_then(|text| instant(text))).flatten();
    access.cutoff_at = seen.cleared.max(deactivated);
    if let Some(at) = access.cutoff_at {
        access.evidence.push(format!("sessions begun before {} were ended", stamp(at)));
    }
    match life {
        Ok(LongestSession::Bounded(life)) => {
            access.live_until = seen.began.and_then(|began| began.settled_at().checked_add_signed(*life));
        }
        Ok(LongestSession::Unbounded) => {
            access.evidence.push(String::from("the sign-on policy sets no longest life of a session"));
        }
        Err(_) => access.evidence.push(String::from("the longest life of a session could not be read")),
    }
    Some(access)
}

fn stamp(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
