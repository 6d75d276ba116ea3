//! What CloudTrail's event history says one user did: evidence of use, never of disuse.
//!
//! The history holds 90 days of management events, region by region, a few minutes late and without reads and writes
//! of data. AWS allows two lookups a second for each account and region.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use chrono::TimeDelta;
use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Instant, Moment, Status};
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::live::bulk::pages::{Turn, Walk};
use crate::live::bulk::rows::instant;
use crate::live::clients::Account;
use crate::live::follow::{About, Outcome};
use crate::read::wire::later;
use crate::tell::roles::by_session;
use crate::text::short;

const OPERATION: &str = "cloudtrail:LookupEvents";
/// Time between two lookups in one region.
const APART: Duration = Duration::from_millis(520);
/// Pages of 50 events of one user in one region. The newest come first, and only the newest count.
const PAGES: usize = 4;
/// Events show after this long at the latest, as far as is known.
const LATE: TimeDelta = TimeDelta::hours(2);
/// Precision of an event's time, in seconds.
const PRECISION: u32 = 1;
/// Longest life of a session that a user's key can begin (`GetSessionToken`).
const LONGEST_SESSION: TimeDelta = TimeDelta::hours(36);

/// What one user did, credential by credential.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    used: BTreeMap<Credential, Use>,
    /// Regions that could not be asked, or an event of theirs that could not be read, and why.
    gaps: Vec<(String, Cause)>,
}

/// What an event was signed with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Credential {
    /// A credential of the IAM user: a long-term key, or a temporary one that was made with it.
    Own(String),
    /// A sign-in of the IAM user at the console, which has no key id.
    Console,
    /// A temporary credential of which only its session's name is the user's. Whoever assumes a role chooses that name.
    Named(String),
    /// A sign-in at the console under such a session's name.
    NamedConsole,
}

impl Credential {
    /// How it is called in ids and for people.
    fn name(&self) -> &str {
        match self {
            Self::Own(id) | Self::Named(id) => id,
            Self::Console => "console",
            Self::NamedConsole => "console-by-role",
        }
    }

    fn is_named(&self) -> bool {
        matches!(self, Self::Named(_) | Self::NamedConsole)
    }
}

/// The newest use of one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Use {
    at: Instant,
    begun: Option<Instant>,
    says: String,
    /// Calls that were refused.
    refused: usize,
    /// Whose session it is in AWS's own words, where it is not the user's own.
    session_of: Option<String>,
}

/// The event history, asked once for each user of a run.
#[derive(Default)]
pub(crate) struct Trail {
    asked: Mutex<HashMap<String, Arc<OnceCell<Arc<Seen>>>>>,
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<tokio::time::Instant>>>>>,
}

/// What is read of the event itself. It may carry anything; nothing else of it is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inner {
    error_code: Option<String>,
    error_message: Option<serde::de::IgnoredAny>,
    aws_region: Option<String>,
    #[serde(rename = "sourceIPAddress")]
    source: Option<String>,
    user_identity: Option<Who>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Who {
    #[serde(rename = "type")]
    sort: Option<String>,
    arn: Option<String>,
    session_context: Option<Context>,
}

#[derive(Debug, Default, Deserialize)]
struct Context {
    attributes: Option<Attributes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    creation_date: Option<String>,
}

impl Trail {
    /// What one user did. Asked once, whoever needs it.
    pub(crate) async fn seen(&self, about: &About<'_>) -> Arc<Seen> {
        let cell = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(asked.entry(format!("{}/{}", about.account.id, about.user)).or_default())
        };
        let seen = cell.get_or_init(|| async { Arc::new(self.ask(about).await) }).await;
        Arc::clone(seen)
    }

    /// Tells the sessions of one user that the history shows. Uses of long-term keys are told with the keys.
    pub(crate) async fn read(&self, about: &About<'_>) -> Outcome {
        let seen = self.seen(about).await;
        let mut outcome = Outcome::empty();
        outcome.as_of = Some(about.account.door.now() - LATE);
        for (region, cause) in &seen.gaps {
            outcome.gap(format!("region {region}"), cause.clone());
        }
        for (credential, used) in seen.used.iter().filter(|(credential, _)| !credential.name().starts_with("AKIA")) {
            outcome.records.push(session(about, credential, used));
        }
        outcome
    }

    async fn ask(&self, about: &About<'_>) -> Seen {
        let mut seen = Seen::default();
        let Some(trail) = &about.account.settings.cloudtrail else { return seen };
        for region in &trail.regions {
            if let Err(cause) = self.ask_region(about, region, trail.days, &mut seen).await {
                seen.gaps.push((region.clone(), cause));
            }
        }
        seen
    }

    async fn ask_region(&self, about: &About<'_>, region: &str, days: u16, seen: &mut Seen) -> Result<(), Cause> {
        let account = about.account;
        let (asker, client) = account.cloudtrail(region);
        let own = own_session(account);
        let began = account.door.began() - TimeDelta::days(i64::from(days.clamp(1, 90)));
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::Username)
            .attribute_value(about.user)
            .build()
            .map_err(|_| Cause::Bug { what: format!("{OPERATION}: a lookup without its value") })?;
        let mut walk = Walk::new(OPERATION);
        let mut next: Option<String> = None;
        loop {
            self.turn(account, region).await;
            let request = || {
                client
                    .lookup_events()
                    .lookup_attributes(attribute.clone())
                    .start_time(DateTime::from_secs(began.timestamp()))
                    .max_results(50)
                    .set_next_token(next.clone())
                    .send()
            };
            let answer = asker.ask(OPERATION, request).await.map_err(|failure| failure.cause)?;
            for event in answer.events() {
                if event.username.as_deref() != own.as_deref()
                    && let Err(cause) = seen.take(event, region)
                    && !seen.gaps.iter().any(|(known, other)| known == region && *other == cause)
                {
                    seen.gaps.push((region.to_owned(), cause));
                }
            }
            match walk.turn(Turn::token(answer.next_token.as_deref()))? {
                // Older events cannot be newer uses.
                Some(mark) if walk.pages() < PAGES => next = Some(mark),
                _ => return Ok(()),
            }
        }
    }

    /// Waits for this region's turn.
    async fn turn(&self, account: &Account, region: &str) {
        if account.door.replays() {
            return;
        }
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(format!("{}/{region}", account.id)).or_default())
        };
        let mut last = turn.lock().await;
        if let Some(last) = *last {
            tokio::time::sleep_until(last + APART).await;
        }
        *last = Some(tokio::time::Instant::now());
    }
}

/// Name of the session the audit itself uses in an account, so that it does not report itself.
fn own_session(account: &Account) -> Option<String> {
    let settings = &account.settings;
    let organisation = settings.organisation.as_ref().filter(|_| account.id != settings.account);
    organisation
        .map(|organisation| organisation.session_name.clone())
        .or_else(|| settings.assume.as_ref().map(|assume| assume.session_name.clone()))
}

impl Seen {
    fn take(&mut self, event: &Event, region: &str) -> Result<(), Cause> {
        let malformed = |what: &str| Cause::Malformed { what: format!("{OPERATION}: {what}") };
        let at = event.event_time.as_ref().and_then(instant).ok_or_else(|| malformed("an event without a time"))?;
        let inner = match event.cloud_trail_event.as_deref() {
            Some(text) => {
                Some(serde_json::from_str::<Inner>(text).map_err(|_| malformed("an event that is not JSON"))?)
            }
            None => None,
        };
        let name = event.event_name.as_deref().unwrap_or("an event without a name");
        let key = event.access_key_id.clone().filter(|id| !id.is_empty());
        if key.is_none() && inner.is_none() {
            // As in a recording, which keeps nothing of the event itself.
            return Err(malformed("a sign-in that does not say whether it succeeded"));
        }
        let inner = inner.unwrap_or_default();
        let refused = inner.error_code.is_some() || (name == "ConsoleLogin" && inner.error_message.is_some());
        // A sign-in that failed shows no use of what it failed with.
        if refused && key.is_none() {
            return Ok(());
        }
        let who = inner.user_identity.unwrap_or_default();
        let is_own = who.sort.as_deref() == Some("IAMUser");
        let credential = match (key, is_own) {
            // Only a user has long-term keys.
            (Some(id), own) if own || id.starts_with("AKIA") => Credential::Own(id),
            (Some(id), _) => Credential::Named(id),
            (None, true) => Credential::Console,
            (None, false) => Credential::NamedConsole,
        };
        let session_of = credential.is_named().then(|| {
            let sort = who.sort.as_deref().unwrap_or("no sort of identity said");
            format!(
                "{}, {}",
                short(sort, 40),
                who.arn.as_deref().map_or_else(|| String::from("no ARN"), |arn| short(arn, 160))
            )
        });
        let begun = who
            .session_context
            .and_then(|context| context.attributes)
            .and_then(|attributes| attributes.creation_date)
            .and_then(|text| crate::read::wire::instant(&text));
        let source = inner.source.map_or_else(String::new, |source| format!(" from {}", short(&source, 60)));
        let place = inner.aws_region.as_deref().unwrap_or(region);
        let outcome =
            inner.error_code.as_ref().map_or_else(String::new, |code| format!(", refused: {}", short(code, 40)));
        let says = format!("CloudTrail: {} in {}{source}{outcome}", short(name, 60), short(place, 40));
        let used = self.used.entry(credential).or_insert_with(|| Use {
            at,
            begun,
            says: says.clone(),
            refused: 0,
            session_of,
        });
        used.refused += usize::from(refused);
        if at > used.at {
            (used.at, used.begun, used.says) = (at, begun, says);
        }
        Ok(())
    }

    /// Raises the last use of keys that the history saw later than everything else.
    pub(crate) fn raise(&self, records: &mut [Access]) {
        for record in records.iter_mut().filter(|record| record.kind == AccessKind::AccessKey) {
            let Some(used) = self.used.get(&Credential::Own(record.grant_id.as_str().to_owned())) else { continue };
            let later = match &record.last_used_at {
                Fact::Known(moment) => moment.at < used.at,
                Fact::None | Fact::Hidden(_) => true,
            };
            if later {
                record.last_used_at = Fact::Known(Moment::within(used.at, PRECISION));
            }
            record.evidence.push(format!("{} at {}", used.says, used.at.to_rfc3339()));
            if used.refused > 0 {
                record.evidence.push(format!("{} of the calls CloudTrail shows were refused", used.refused));
            }
        }
    }
}

fn session(about: &About<'_>, credential: &Credential, used: &Use) -> Access {
    let name = credential.name();
    let began = used.begun.unwrap_or(used.at);
    let live_until = later(began, LONGEST_SESSION);
    let status = if live_until <= about.account.door.now() { Status::Expired } else { Status::Unknown };
    // By the name that the history was asked for: the id must not depend on what else could be read.
    let grant_id = format!("{}/cloudtrail/{name}", about.user);
    let mut access = if credential.is_named() {
        // Nothing of the user: neither the account nor its tags and reach.
        let mut access = Access::new(about.scope.clone(), AccessKind::Session, GrantId::from(grant_id), status);
        access.holders.push(by_session(about.user));
        access.evidence.push(String::from("known by the name of its session alone, which whoever begins it chooses"));
        access
    } else {
        about.known.person.grant(about.scope.clone(), AccessKind::Session, grant_id, status)
    };
    access.evidence.extend(used.session_of.as_ref().map(|whose| format!("session of {whose}")));
    access.grant_display = Some(format!("temporary credential {name} of {}, seen by CloudTrail", about.user));
    access.status_text = Some(String::from("reckoned: AWS does not list sessions"));
    access.client = Some(name.to_owned());
    access.created_at = Fact::Known(Moment::within(began, PRECISION));
    access.last_used_at = Fact::Known(Moment::within(used.at, PRECISION));
    access.live_until = Some(live_until);
    access.evidence.push(format!("{} at {}", used.says, used.at.to_rfc3339()));
    if used.refused > 0 {
        access.evidence.push(format!("{} of the calls CloudTrail shows were refused", used.refused));
    }
    access
}

#[cfg(test)]
mod tests {
    use super::*;
    use scan_contract::ScopeName;

    fn event(id: Option<&str>, at: i64, inner: &str) -> Event {
        Event::builder()
            .set_access_key_id(id.map(str::to_owned))
            .event_name("ListBuckets")
            .event_time(DateTime::from_secs(at))
            .cloud_trail_event(inner)
            .build()
    }

    fn key(used: Fact<Moment>) -> Access {
        let mut access =
            Access::new(ScopeName::from("s"), AccessKind::AccessKey, GrantId::from("AKIA1"), Status::Enabled);
        access.last_used_at = used;
        access
    }

    #[test]
    fn a_later_use_raises_a_key_and_an_earlier_one_only_stands_beside_it() {
        let mut seen = Seen::default();
        seen.take(&event(Some("AKIA1"), 1_000_000, "{\"sourceIPAddress\":\"192.0.2.1\"}"), "eu-west-1")
            .expect("an event");
        seen.take(&event(Some("AKIA1"), 999_000, "{}"), "eu-west-1").expect("an event");
        let at = |seconds| Instant::from_timestamp(seconds, 0).expect("an instant");
        let mut records =
            vec![key(Fact::Known(Moment::within(at(900_000), 900))), key(Fact::Known(Moment::exact(at(2_000_000))))];
        seen.raise(&mut records);
        assert_eq!(records[0].last_used_at, Fact::Known(Moment::within(at(1_000_000), 1)));
        assert!(records[0].evidence[0].contains("192.0.2.1"));
        assert_eq!(records[1].last_used_at, Fact::Known(Moment::exact(at(2_000_000))));
        let mut silent = vec![key(Fact::None)];
        Seen::default().raise(&mut silent);
        assert_eq!(silent[0].last_used_at, Fact::None, "no event says nothing");
    }

    #[test]
    fn a_refused_call_is_use_of_its_key_and_a_failed_sign_in_is_none() {
        let mut seen = Seen::default();
        seen.take(&event(Some("AKIA1"), 10, "{\"errorCode\":\"AccessDenied\"}"), "us-east-1").expect("an event");
        assert_eq!(seen.used[&Credential::Own(String::from("AKIA1"))].refused, 1);
        seen.take(&event(None, 20, "{\"errorCode\":\"Failed\"}"), "us-east-1").expect("an event");
        assert_eq!(seen.used.len(), 1);
        assert!(seen.take(&event(None, 20, "not json"), "us-east-1").is_err());
        // Without its text an event does not say whether a sign-in failed; that a key was used it says all the same.
        let mut bare = event(None, 30, "{}");
        bare.cloud_trail_event = None;
        assert!(seen.take(&bare, "us-east-1").is_err());
        bare.access_key_id = Some(String::from("AKIA2"));
        seen.take(&bare, "us-east-1").expect("an event");
        assert_eq!(seen.used.len(), 2);
    }

    #[test]
    fn a_session_is_the_users_only_where_the_identity_is_an_iam_user() {
        let mut seen = Seen::default();
        let own = r#"{"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ana"}}"#;
        let role =
            r#"{"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/build/ana"}}"#;
        for (key, text) in
            [(Some("ASIA1"), own), (Some("ASIA2"), role), (None, own), (None, role), (Some("ASIA3"), "{}")]
        {
            seen.take(&event(key, 10, text), "us-east-1").expect("an event");
        }
        let named: Vec<&str> =
            seen.used.keys().filter(|credential| credential.is_named()).map(Credential::name).collect();
        assert_eq!(named, ["ASIA2", "ASIA3", "console-by-role"]);
        let whose = &seen.used[&Credential::Named(String::from("ASIA2"))].session_of;
        assert_eq!(whose.as_deref(), Some("AssumedRole, arn:aws:sts::111122223333:assumed-role/build/ana"));
        assert_eq!(seen.used.len(), 5);
    }
}
