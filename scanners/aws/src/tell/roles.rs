//! Roles: whom their trust policies name, until when their sessions can live, and who answers for them.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use scan_contract::{
    Access, AccessKind, Cause, ExternalIdentity, Fact, GrantId, Holder, Instant, Relation, Status, Subtype,
};

use crate::policy::document::{PolicyDocument, Scalar};
use crate::policy::reach::Reaches;
use crate::policy::trust::{Condition, ConditionName, Named, is_address, read_trust};
use crate::read::details::Details;
use crate::read::wire::{RoleDetail, Stamp, instant, later, seconds};
use crate::scopes::{ROLE_TRUSTS, ROLES, USERS};
use crate::settings::Settings;
use crate::tell::Beyond;
use crate::tell::people::{People, by_arn, by_login};
use crate::tell::reading::Reading;
use crate::text::short;

/// A session of a role lives as long as the role allows, at most this long. What the role allows is not in the
/// authorization details.
const LONGEST_SESSION_HOURS: i64 = 12;

/// The last use of a role shows within about this time.
const LAST_USE_LAG_HOURS: i64 = 4;

/// Name AWS gives the inline policy that its console writes to end older sessions of a role.
const REVOKER: &str = "AWSRevokeOlderSessions";

/// Somebody a trust names, ready to be told.
struct Trusted {
    /// The part of the grant id after the role's.
    id: String,
    status: Status,
    /// Their account in this system, where they have one.
    account: Option<GrantId>,
    holders: Vec<Holder>,
    words: String,
    evidence: Vec<String>,
}

impl Trusted {
    /// Their account where they have one, else what the trust policy calls them.
    fn holder_id(&self) -> &str {
        self.account.as_ref().map_or(self.id.as_str(), GrantId::as_str)
    }
}

/// Tells role trusts, sessions and owners.
pub(crate) fn tell(
    settings: &Settings,
    details: &Details,
    people: &People<'_>,
    reaches: &Reaches<'_>,
    beyond: &Beyond,
    reading: &mut Reading,
) {
    let ground = Ground { settings, people, reaches, beyond };
    let mut whole_account = 0_usize;
    let mut seen: HashMap<&str, &RoleDetail> = HashMap::new();
    for (index, role) in details.roles.iter().enumerate() {
        let earlier = *seen.entry(role.role_id.as_str()).or_insert(role);
        if !std::ptr::eq(earlier, role) {
            if earlier != role {
                let what = format!("role {} is there twice, and not the same", short(&role.role_name, 80));
                reading.gap_in([ROLE_TRUSTS, ROLES], &Cause::Malformed { what });
            }
            continue;
        }
        tell_owners(role, people, reading);
        match &role.assume_role_policy_document.0 {
            Ok(document) => {
                whole_account += usize::from(tell_trust(&ground, role, index, document, reading));
            }
            Err(why) => {
                let what = format!("trust policy of role {}: {why}", short(&role.role_name, 80));
                let part = Some(short(&role.role_name, 80));
                reading.gap(ROLE_TRUSTS, part.clone(), Cause::Malformed { what: what.clone() });
                reading.gap(ROLES, part, Cause::Malformed { what });
            }
        }
        if role.role_last_used.as_ref().is_some_and(|last| last.last_used_date == Stamp::Unreadable) {
            let what = format!("last use of role {} is not a time", short(&role.role_name, 80));
            reading.gap(ROLES, Some(short(&role.role_name, 80)), Cause::Malformed { what });
        }
    }
    if whole_account > 0 {
        reading.notice(format!(
            "{whole_account} roles let a whole account in: which of its users may assume them is said by their own policies"
        ));
    }
}

/// What every role is told from.
struct Ground<'a> {
    settings: &'a Settings,
    people: &'a People<'a>,
    reaches: &'a Reaches<'a>,
    beyond: &'a Beyond,
}

/// Tells one trust policy; whether it lets a whole account in.
fn tell_trust(
    ground: &Ground<'_>,
    role: &RoleDetail,
    index: usize,
    document: &PolicyDocument,
    reading: &mut Reading,
) -> bool {
    let trust = read_trust(document);
    for what in &trust.not_understood {
        let what = format!("trust policy of role {}: {what} is not understood", short(&role.role_name, 80));
        reading.gap(ROLE_TRUSTS, Some(short(&role.role_name, 80)), Cause::Malformed { what });
    }
    if trust.everyone {
        reading.notice(format!("role {} lets everyone in, within its conditions", short(&role.role_name, 80)));
    }
    let reach = ground.reaches.role(index);
    let mut sessions = BTreeSet::new();
    for named in &trust.named {
        let trusted = trusted(ground.settings, role, named, ground.people, reading);
        let id = format!("{}/{}", role.role_id, trusted.id);
        let mut access =
            Access::new(reading.name(ROLE_TRUSTS), AccessKind::RoleBinding, GrantId::from(id), trusted.status);
        access.subtype = Some(Subtype::RoleTrust);
        access.grant_display = Some(format!("{} may assume role {}", trusted.words, role.role_name));
        access.target = Some(role.arn.clone());
        access.privilege = reach.privilege;
        access.privilege_reason = Some(format!("role {}: {}", role.role_name, reach.reason));
        access.parent.clone_from(&trusted.account);
        access.holders.clone_from(&trusted.holders);
        access.last_used_at = Fact::Hidden(String::from("AWS does not say who used a role"));
        access.expires_at = Fact::None;
        access.evidence.clone_from(&trusted.evidence);
        reading.record(ROLE_TRUSTS, access);
        // Somebody named twice, by ARN and in a condition, has one set of sessions.
        if sessions.insert(trusted.holder_id().to_owned()) {
            tell_session(ground, role, &trusted, reach.privilege, reading);
        }
    }
    trust.whole_account
}

fn trusted(
    settings: &Settings,
    role: &RoleDetail,
    named: &Named,
    people: &People<'_>,
    reading: &mut Reading,
) -> Trusted {
    match named {
        Named::User(arn) => trusted_user(settings, role, arn, people, reading),
        Named::DeletedUser(id) => {
            let mut trusted = trusted_by(id.clone(), id, by_id(id));
            trusted.status = Status::Orphaned;
            trusted.evidence.push(String::from("the trust policy shows a bare user id: that user was deleted"));
            trusted
        }
        Named::Session(arn, session) => trusted_by(arn.clone(), arn, by_session(session)),
        Named::Condition(condition) => trusted_condition(condition, people),
    }
}

fn trusted_by(id: String, words: &str, holder: Holder) -> Trusted {
    Trusted {
        id,
        status: Status::Enabled,
        account: None,
        holders: vec![holder],
        words: words.to_owned(),
        evidence: Vec::new(),
    }
}

fn trusted_user(
    settings: &Settings,
    role: &RoleDetail,
    arn: &str,
    people: &People<'_>,
    reading: &mut Reading,
) -> Trusted {
    if let Some(person) = people.with_arn(arn) {
        // By unique id, as IAM keeps it: the grant stays the same when the user is renamed or deleted.
        let id = person.account.as_ref().map_or_else(|| arn.to_owned(), |account| account.as_str().to_owned());
        let mut trusted = trusted_by(id, arn, Holder::new(Relation::Holder));
        trusted.account.clone_from(&person.account);
        trusted.holders = person.holders.iter().take(1).cloned().collect();
        return trusted;
    }
    let mut trusted = trusted_by(arn.to_owned(), arn, by_arn(arn, settings.account.as_str()));
    if crate::arn::Arn::parse(arn).is_some_and(|parsed| parsed.account == settings.account.as_str()) {
        // IAM shows an ARN only while the user exists, so the list of users lacks one.
        let what =
            format!("user {}, whom the trust policy of role {} names", short(arn, 120), short(&role.role_name, 80));
        reading.gap_in([USERS, ROLE_TRUSTS], &Cause::NotSeen { what });
        trusted.status = Status::Unknown;
        trusted.evidence.push(String::from("no such user is in the document"));
    } else {
        trusted.evidence.push(String::from("a user of another account"));
    }
    trusted
}

fn trusted_condition(condition: &Condition, people: &People<'_>) -> Trusted {
    let words = format!("{} = {}", condition.key, condition.value);
    let id = format!("{}={}", condition.key.to_ascii_lowercase(), condition.value);
    let (person, holder) = match &condition.names {
        ConditionName::UserName(name) => (people.with_name(name), by_login(name)),
        ConditionName::UserId(user_id) => (people.with_id(user_id), by_id(user_id)),
        ConditionName::UserArn(arn) => (people.with_arn(arn), by_arn(arn, "")),
        ConditionName::SessionName(session) => (None, by_session(session)),
        ConditionName::Email(address) => (None, by_session(address)),
        ConditionName::IdentityCenterUser(user) => {
            let mut holder = Holder::new(Relation::Holder);
            holder.external = Some(ExternalIdentity { id: user.clone(), system: None });
            (None, holder)
        }
    };
    let mut trusted = trusted_by(id, &words, holder);
    if let Some(person) = person {
        trusted.account.clone_from(&person.account);
        trusted.holders = person.holders.iter().take(1).cloned().collect();
    }
    trusted.evidence.push(String::from("a condition of the trust policy names this person"));
    trusted
}

fn by_id(user_id: &str) -> Holder {
    let mut holder = Holder::new(Relation::Holder);
    holder.provider_id = Some(user_id.to_owned());
    holder
}

/// A session name is chosen at sign-in, so it is a claim, unless the identity provider is made to set it.
pub(crate) fn by_session(session: &str) -> Holder {
    let mut holder = Holder::new(Relation::Holder);
    if is_address(session) {
        holder.email = Some(session.to_owned());
    } else {
        holder.login = Some(session.to_owned());
    }
    holder
}

/// Sessions of a role cannot be listed. They began at the latest at its last use, which shows late, and live at most
/// twelve hours longer.
fn tell_session(
    ground: &Ground<'_>,
    role: &RoleDetail,
    trusted: &Trusted,
    privilege: scan_contract::Privilege,
    reading: &mut Reading,
) {
    let Some(last) = role.role_last_used.as_ref().and_then(|last| last.last_used_date.instant()) else { return };
    let said = ground.beyond.longest_sessions.get(&role.arn).copied().filter(|seconds| *seconds > 0);
    let longest = said.map_or(TimeDelta::hours(LONGEST_SESSION_HOURS), seconds);
    // One may have begun after the last use that shows: it counts as over only when that delay has passed as well.
    let live_until = later(later(last, longest), TimeDelta::hours(LAST_USE_LAG_HOURS));
    let over = live_until <= ground.settings.documents.as_of;
    let id = GrantId::from(format!("{}/{}", trusted.holder_id(), role.role_id));
    let status = if over { Status::Expired } else { Status::Unknown };
    let mut access = Access::new(reading.name(ROLES), AccessKind::Session, id, status);
    access.grant_display = Some(format!("sessions of role {} begun by {}", role.role_name, trusted.words));
    access.status_text = Some(String::from("reckoned: AWS does not list sessions"));
    access.target = Some(role.arn.clone());
    access.client = Some(role.role_id.clone());
    access.privilege = privilege;
    access.privilege_reason = Some(format!("sessions act as role {}", role.role_name));
    access.parent.clone_from(&trusted.account);
    access.holders.clone_from(&trusted.holders);
    access.last_used_at = Fact::Hidden(String::from("AWS says when a role was last used, not by whom"));
    access.live_until = Some(live_until);
    access.cutoff_at = cutoff(role);
    let region = role.role_last_used.as_ref().and_then(|last| last.region.as_deref()).unwrap_or("a region not named");
    access.evidence.push(format!("role last used by anybody at {} in {region}", last.to_rfc3339()));
    access.evidence.push(said.map_or_else(
        || {
            String::from(
                "the longest session of the role is not in the document: 1 h by default, 12 h at most; 12 h is taken",
            )
        },
        |seconds| format!("the role allows sessions of {seconds} s"),
    ));
    reading.record(ROLES, access);
}

/// The instant before which sessions of this role are refused, if its inline policies say so.
fn cutoff(role: &RoleDetail) -> Option<Instant> {
    role.role_policy_list
        .iter()
        .filter(|policy| policy.policy_name == REVOKER)
        // One that is not understood ends no session.
        .filter_map(|policy| match &policy.policy_document.0 {
            Ok(document) => cutoff_of(document),
            Err(_) => None,
        })
        .max()
}

/// A plain deny of everything for tokens issued before an instant.
fn cutoff_of(document: &PolicyDocument) -> Option<Instant> {
    let star = |list: &Option<crate::policy::document::Many<String>>| list.as_ref().is_some_and(|list| list.0 == ["*"]);
    document
        .statement
        .0
        .iter()
        .filter(|statement| statement.effect == "Deny" && star(&statement.action) && star(&statement.resource))
        .filter(|statement| statement.condition.len() == 1)
        .filter_map(|statement| statement.condition.get("DateLessThan"))
        .filter(|keys| keys.len() == 1)
        .filter_map(|keys| keys.iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:TokenIssueTime")))
        .filter_map(|(_, values)| match values.0.as_slice() {
            [Scalar(value)] => instant(value),
            _ => None,
        })
        .max()
}

fn tell_owners(role: &RoleDetail, people: &People<'_>, reading: &mut Reading) {
    let owners = people.owners(&role.tags);
    if owners.is_empty() {
        return;
    }
    let id = GrantId::from(role.role_id.as_str());
    let mut access = Access::new(reading.name(ROLES), AccessKind::Ownership, id, Status::Enabled);
    access.grant_display = Some(format!("answers for role {}", role.role_name));
    access.target = Some(role.arn.clone());
    access.privilege = scan_contract::Privilege::None;
    access.privilege_reason = Some(String::from("a tag names who answers for the role; it opens nothing"));
    access.holders = owners;
    access.created_at = role.create_date.fact("CreateDate");
    access.last_used_at = Fact::Hidden(String::from("an ownership is not used"));
    access.expires_at = Fact::None;
    reading.record(ROLES, access);
}
