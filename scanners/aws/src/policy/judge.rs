//! How far one policy document reaches.

use scan_contract::Privilege;

use crate::arn::Arn;
use crate::policy::document::{Parsed, Statement};
use crate::policy::pattern::{covers, literal_start};
use crate::policy::tables::{AdminAction, On, Tables};
use crate::text::short;

/// How far something reaches, and what decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) privilege: Privilege,
    /// Which policy and statement decided it.
    pub(crate) reason: String,
    /// Roles that may be assumed, as ARN patterns, where not all of them may.
    pub(crate) assumes: Vec<(String, String)>,
    /// The policy that denies everything, without condition.
    pub(crate) denied_by: Option<String>,
}

impl Reach {
    /// Something that gives nothing.
    pub(crate) fn nothing(reason: impl Into<String>) -> Self {
        Self { privilege: Privilege::None, reason: reason.into(), assumes: Vec::new(), denied_by: None }
    }

    /// Something whose reach is not known.
    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self { privilege: Privilege::Unknown, ..Self::nothing(reason) }
    }

    /// Takes in what else the same holder has.
    pub(crate) fn add(&mut self, other: Self) {
        self.raise(other.privilege, &other.reason);
        self.assumes.extend(other.assumes);
        if self.denied_by.is_none() {
            self.denied_by = other.denied_by;
        }
    }

    /// Rises to `privilege` if that is further; never falls.
    pub(crate) fn raise(&mut self, privilege: Privilege, reason: &str) {
        if rank(privilege) > rank(self.privilege) {
            self.privilege = privilege;
            reason.clone_into(&mut self.reason);
        }
    }
}

/// `Unknown` lies above `Write`: it may be anything, and only `Admin` is certainly worse.
pub(crate) fn rank(privilege: Privilege) -> u8 {
    match privilege {
        Privilege::None => 0,
        Privilege::Read => 1,
        Privilege::Write => 2,
        Privilege::Unknown => 3,
        Privilege::Admin => 4,
    }
}

/// Judges one document. `source` names it in the reason.
pub(crate) fn judge(tables: &Tables, document: &Parsed, source: &str) -> Reach {
    let document = match &document.0 {
        Ok(document) => document,
        Err(why) => return Reach::unknown(format!("{source} is not understood: {why}")),
    };
    let mut reach = Reach::nothing(format!("{source} allows nothing"));
    for (index, statement) in document.statement.0.iter().enumerate() {
        let place = match &statement.sid {
            Some(sid) if !sid.is_empty() => format!("{source}, statement {} ({})", index + 1, short(sid, 60)),
            _ => format!("{source}, statement {}", index + 1),
        };
        reach.add(judge_statement(tables, statement, &place));
    }
    reach
}

fn judge_statement(tables: &Tables, statement: &Statement, place: &str) -> Reach {
    let Some(actions) = Actions::of(statement) else {
        return Reach::unknown(format!("{place} is not understood: its actions"));
    };
    let Some(resources) = Resources::of(statement) else {
        return Reach::unknown(format!("{place} is not understood: its resources"));
    };
    match statement.effect.as_str() {
        "Allow" => judge_allow(tables, &actions, &resources, place),
        "Deny" => {
            let mut reach = Reach::nothing(format!("{place} denies"));
            if statement.condition.is_empty() && actions.is_everything() && resources.is_everything() {
                reach.denied_by = Some(place.to_owned());
            }
            reach
        }
        other => Reach::unknown(format!("{place} is not understood: effect {:?}", short(other, 20))),
    }
}

fn judge_allow(tables: &Tables, actions: &Actions<'_>, resources: &Resources<'_>, place: &str) -> Reach {
    if actions.is_everything() && resources.is_everything() {
        return Reach {
            privilege: Privilege::Admin,
            ..Reach::nothing(format!("{place}: every action on every resource"))
        };
    }
    for entry in &tables.actions.admin {
        if let Some(pattern) = actions.covering(&entry.action)
            && resources.make_admin(entry)
        {
            let reason = format!("{place}: {} {}", short(pattern, 80), entry.why);
            return Reach { privilege: Privilege::Admin, ..Reach::nothing(reason) };
        }
    }
    let mut reach = Reach::nothing(format!("{place} allows nothing"));
    if actions.covering(ASSUME).is_some() {
        // All roles at once is an entry of the table; a choice of roles reaches as far as they do.
        reach.assumes = resources.for_service("iam").map(|pattern| (pattern.to_owned(), place.to_owned())).collect();
    }
    match actions {
        Actions::AllBut(_) => reach.raise(Privilege::Write, &format!("{place}: every action but some")),
        Actions::Only(patterns) => {
            for pattern in *patterns {
                let privilege = if pattern.eq_ignore_ascii_case(ASSUME) {
                    Privilege::None
                } else if only_reads(tables, pattern) {
                    Privilege::Read
                } else {
                    Privilege::Write
                };
                reach.raise(privilege, &format!("{place}: {}", short(pattern, 80)));
            }
        }
    }
    reach
}

const ASSUME: &str = "sts:AssumeRole";

fn only_reads(tables: &Tables, pattern: &str) -> bool {
    let actions = &tables.actions;
    if actions.only_read.iter().any(|action| action.eq_ignore_ascii_case(pattern)) {
        return true;
    }
    if actions.write_despite_verb.iter().any(|action| covers(pattern, action)) {
        return false;
    }
    let Some((_, name)) = pattern.split_once(':') else { return false };
    let start = literal_start(name);
    actions.read_verbs.iter().any(|verb| start.get(..verb.len()).is_some_and(|have| have.eq_ignore_ascii_case(verb)))
}

/// The actions of a statement.
enum Actions<'a> {
    Only(&'a [String]),
    AllBut(&'a [String]),
}

impl<'a> Actions<'a> {
    /// `None` if they are not understood.
    fn of(statement: &'a Statement) -> Option<Self> {
        let actions = match (&statement.action, &statement.not_action) {
            (Some(only), None) => Self::Only(&only.0),
            (None, Some(but)) => Self::AllBut(&but.0),
            (None, None) | (Some(_), Some(_)) => return None,
        };
        let (Self::Only(patterns) | Self::AllBut(patterns)) = &actions;
        let understood = |pattern: &String| {
            pattern.bytes().all(|byte| byte == b'*') && !pattern.is_empty()
                || pattern.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
        };
        patterns.iter().all(understood).then_some(actions)
    }

    fn is_everything(&self) -> bool {
        match self {
            Self::Only(patterns) => {
                patterns.iter().any(|pattern| pattern.bytes().all(|byte| matches!(byte, b'*' | b':')))
            }
            Self::AllBut(patterns) => patterns.is_empty(),
        }
    }

    /// What covers `action`: the pattern that names it, or the list that does not take it out.
    fn covering(&self, action: &str) -> Option<&'a str> {
        match self {
            Self::Only(patterns) => patterns.iter().find(|pattern| covers(pattern, action)).map(String::as_str),
            Self::AllBut(patterns) => {
                (!patterns.iter().any(|pattern| covers(pattern, action))).then_some("every action but some")
            }
        }
    }
}

/// The resources of a statement.
enum Resources<'a> {
    Only(&'a [String]),
    /// `NotResource`: taken as all of them.
    AllBut,
}

impl<'a> Resources<'a> {
    fn of(statement: &'a Statement) -> Option<Self> {
        match (&statement.resource, &statement.not_resource) {
            (Some(only), None) => Some(Self::Only(&only.0)),
            (None, Some(_)) => Some(Self::AllBut),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }

    fn is_everything(&self) -> bool {
        match self {
            Self::Only(patterns) => patterns.iter().any(|pattern| pattern == "*"),
            Self::AllBut => false,
        }
    }

    /// Patterns that can name something of `service`.
    fn for_service(&self, service: &str) -> impl Iterator<Item = &'a str> {
        let patterns: &'a [String] = match self {
            Self::Only(patterns) => patterns,
            Self::AllBut => &[],
        };
        patterns.iter().map(String::as_str).filter(move |pattern| match Arn::parse(pattern) {
            Some(arn) => covers(arn.service, service),
            None => true,
        })
    }

    /// Whether the entry's action, allowed on these resources, makes an administrator.
    fn make_admin(&self, entry: &AdminAction) -> bool {
        if matches!(self, Self::AllBut) {
            return true;
        }
        let service = entry.action.split_once(':').map_or("", |(service, _)| service);
        // A role is a resource of IAM, whoever assumes it.
        let service = if service == "sts" { "iam" } else { service };
        self.for_service(service).any(|pattern| match entry.on {
            On::Any => !(entry.harmless_on_self && is_own_user(pattern)),
            On::All => is_all_of_a_kind(pattern),
        })
    }
}

/// `*`, or an ARN that takes in all resources of one kind, such as `arn:aws:iam::*:role/*`. What is no ARN is taken as all.
fn is_all_of_a_kind(pattern: &str) -> bool {
    let Some(arn) = Arn::parse(pattern) else { return true };
    let rest = arn.resource.trim_start_matches(|character: char| character.is_ascii_alphanumeric() || character == '-');
    matches!(rest, "*" | "/*" | ":*" | "**")
}

/// An ARN whose last part is the name of the calling user, so that the action reaches only their own credentials.
fn is_own_user(pattern: &str) -> bool {
    let Some(arn) = Arn::parse(pattern) else { return false };
    let mut parts = arn.resource.split('/');
    arn.service == "iam"
        && matches!(parts.next(), Some("user" | "mfa"))
        && parts.next_back().is_some_and(|name| name.eq_ignore_ascii_case("${aws:username}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tables::tables;

    fn reach(statement: &str) -> Reach {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        let parsed = serde_json::from_str::<Parsed>(&document).expect("never fails");
        judge(tables().expect("tables"), &parsed, "policy p")
    }

    fn privilege(statement: &str) -> Privilege {
        reach(statement).privilege
    }

    #[test]
    fn everything_on_everything_is_admin_and_the_reason_names_the_statement() {
        let found = reach(
            r#"[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]"#,
        );
        assert_eq!(found.privilege, Privilege::Admin);
        assert!(found.reason.contains("statement 2 (All)"), "{}", found.reason);
        assert_eq!(privilege(r#"{"Effect":"Allow","Action":["*:*"],"Resource":["*"]}"#), Privilege::Admin);
    }

    #[test]
    fn actions_that_grant_access_are_admin_and_the_same_on_oneself_are_write() {
        for action in [
            "iam:CreateAccessKey",
            "iam:Create*",
            "iam:*",
            "iam:AttachUserPolicy",
            "IAM:putuserpolicy",
            "organizations:*",
        ] {
            let statement = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
            assert_eq!(privilege(&statement), Privilege::Admin, "{action}");
        }
        let own = r#"{"Effect":"Allow","Action":["iam:CreateAccessKey","iam:ListAccessKeys"],"Resource":"arn:aws:iam::*:user/${aws:username}"}"#;
        assert_eq!(privilege(own), Privilege::Write);
        let another = r#"{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"arn:aws:iam::*:user/admin"}"#;
        assert_eq!(privilege(another), Privilege::Admin);
        let policies =
            r#"{"Effect":"Allow","Action":"iam:PutUserPolicy","Resource":"arn:aws:iam::*:user/${aws:username}"}"#;
        assert_eq!(privilege(policies), Privilege::Admin, "giving oneself policies is no self-service");
    }

    #[test]
    fn reading_all_secrets_is_admin_and_reading_one_is_read() {
        let all = r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}"#;
        let kind = r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:*:secret:*"}"#;
        let one = r#"{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:build-*"}"#;
        assert_eq!(
            (privilege(all), privilege(kind), privilege(one)),
            (Privilege::Admin, Privilege::Admin, Privilege::Read)
        );
    }

    #[test]
    fn an_action_on_resources_of_another_service_grants_nothing_there() {
        let elsewhere =
            r#"{"Effect":"Allow","Action":["iam:CreateAccessKey","s3:GetObject"],"Resource":"arn:aws:s3:::bucket/*"}"#;
        assert_ne!(privilege(elsewhere), Privilege::Admin);
    }

    #[test]
    fn verbs_tell_reading_from_writing_and_a_wildcard_that_may_write_writes() {
        for (action, expected) in [
            ("s3:GetObject", Privilege::Read),
            ("s3:Get*", Privilege::Read),
            ("ec2:Describe*", Privilege::Read),
            ("iam:GenerateCredentialReport", Privilege::Read),
            ("s3:PutObject", Privilege::Write),
            ("s3:*", Privilege::Write),
            ("s3:G*", Privilege::Write),
            ("s3:*Object", Privilege::Write),
            ("sts:GetFederationToken", Privilege::Write),
            ("sts:Get*", Privilege::Write),
        ] {
            let statement = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
            assert_eq!(privilege(&statement), expected, "{action}");
        }
    }

    #[test]
    fn everything_but_some_is_admin_unless_what_grants_access_is_taken_out() {
        let power = r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}"#;
        assert_eq!(privilege(power), Privilege::Admin, "all secrets can be read");
        let fenced = r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","sts:*","sso:*","identitystore:*","secretsmanager:*","ssm:*","kms:*","lambda:*","ec2:*","sso-directory:*","cloudformation:*","glue:*","codebuild:*","rolesanywhere:*","ecs:*","eks:*","datapipeline:*","sagemaker:*","account:*","ec2-instance-connect:*"],"Resource":"*"}"#;
        assert_eq!(privilege(fenced), Privilege::Write);
    }

    #[test]
    fn a_condition_does_not_lower_the_class() {
        let guarded = r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":true}}}"#;
        assert_eq!(privilege(guarded), Privilege::Admin);
    }

    #[test]
    fn only_a_plain_deny_of_everything_takes_everything() {
        let plain = reach(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#);
        assert!(plain.denied_by.is_some());
        let guarded = reach(
            r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}"#,
        );
        assert!(guarded.denied_by.is_none());
        let some = reach(r#"{"Effect":"Deny","NotAction":["iam:*"],"Resource":"*"}"#);
        assert!(some.denied_by.is_none());
    }

    #[test]
    fn what_is_not_understood_is_unknown_never_less() {
        for statement in [
            r#"{"Effect":"allow","Action":"s3:Get*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3","Resource":"*"}"#,
            r#"{"Effect":"Allow","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:Get*"}"#,
            r#"{"Effect":"Allow","Action":"s3:Get*","NotAction":"s3:Put*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*","Sometimes":true}"#,
        ] {
            assert_eq!(privilege(statement), Privilege::Unknown, "{statement}");
        }
    }

    #[test]
    fn assuming_every_role_is_admin_and_assuming_one_is_remembered() {
        assert_eq!(privilege(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#), Privilege::Admin);
        assert_eq!(
            privilege(r#"{"Effect":"Allow","Action":"sts:*","Resource":"arn:aws:iam::*:role/*"}"#),
            Privilege::Admin
        );
        let one =
            reach(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/deploy"}"#);
        assert_eq!(one.privilege, Privilege::None);
        assert_eq!(one.assumes.len(), 1);
    }
}
