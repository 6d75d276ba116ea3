//! Whom a role's trust policy names.
//!
//! IAM keeps a principal by its unique id and shows its ARN while it exists; once the user is deleted the id itself
//! shows (`AIDA...`), and making a user of the same name again does not bring it back.

use crate::arn::Arn;
use crate::policy::document::{PolicyDocument, Principal, Statement};
use crate::text::short;

/// Somebody a trust policy names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// A user, by ARN.
    User(String),
    /// A user that no longer exists, by its unique id.
    DeletedUser(String),
    /// One session of an assumed role, or one federated user: ARN and the name of the session.
    Session(String, String),
    /// A condition that lets one person through.
    Condition(Condition),
}

/// A condition that names a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Condition {
    /// Key, as written.
    pub(crate) key: String,
    /// Value, as written.
    pub(crate) value: String,
    /// What the value names.
    pub(crate) names: ConditionName,
}

/// What the value of a condition names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConditionName {
    /// A user's name.
    UserName(String),
    /// A user's unique id.
    UserId(String),
    /// A user's ARN.
    UserArn(String),
    /// A session name, or another name chosen at sign-in, often a mail address.
    SessionName(String),
    /// A mail address.
    Email(String),
    /// A user of Identity Center, by id.
    IdentityCenterUser(String),
}

/// What was found in one trust policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trust {
    /// Whom it names, without repetition.
    pub(crate) named: Vec<Named>,
    /// Whether it lets in a whole account, whose own policies then decide.
    pub(crate) whole_account: bool,
    /// Whether it lets in everyone.
    pub(crate) everyone: bool,
    /// What is not understood, if anything.
    pub(crate) not_understood: Vec<String>,
}

/// Reads a trust policy.
pub(crate) fn read_trust(document: &PolicyDocument) -> Trust {
    let mut trust = Trust::default();
    for (index, statement) in document.statement.0.iter().enumerate() {
        match statement.effect.as_str() {
            "Allow" => read_allow(statement, index + 1, &mut trust),
            "Deny" => {}
            other => trust.not_understood.push(format!("statement {}: effect {:?}", index + 1, short(other, 20))),
        }
    }
    trust.named.sort();
    trust.named.dedup();
    trust
}

fn read_allow(statement: &Statement, number: usize, trust: &mut Trust) {
    match (&statement.principal, &statement.not_principal) {
        (Some(Principal::Everyone), None) => trust.everyone = true,
        (Some(Principal::Named(sorts)), None) => {
            for (sort, principals) in sorts {
                match sort.as_str() {
                    "AWS" => {
                        for principal in &principals.0 {
                            read_principal(principal, number, trust);
                        }
                    }
                    "Service" | "Federated" | "CanonicalUser" => {}
                    other => trust.not_understood.push(format!("statement {number}: principal {:?}", short(other, 20))),
                }
            }
        }
        (_, Some(_)) => trust.not_understood.push(format!("statement {number}: NotPrincipal")),
        (None, None) => trust.not_understood.push(format!("statement {number}: no principal")),
    }
    for (operator, keys) in &statement.condition {
        if !compares_for_equality(operator) {
            continue;
        }
        for (key, values) in keys {
            for value in &values.0 {
                if let Some(names) = name_in(key, &value.0) {
                    let condition = Condition { key: key.clone(), value: value.0.clone(), names };
                    trust.named.push(Named::Condition(condition));
                }
            }
        }
    }
}

fn read_principal(principal: &str, number: usize, trust: &mut Trust) {
    if principal == "*" {
        trust.everyone = true;
        return;
    }
    if principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit()) {
        trust.whole_account = true;
        return;
    }
    let Some(arn) = Arn::parse(principal) else {
        if principal.starts_with("AIDA") && principal.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            trust.named.push(Named::DeletedUser(principal.to_owned()));
        } else if !principal.starts_with("AROA") {
            trust.not_understood.push(format!("statement {number}: principal {:?}", short(principal, 80)));
        }
        return;
    };
    if arn.is_root() {
        trust.whole_account = true;
    } else if arn.user_name().is_some() {
        trust.named.push(Named::User(principal.to_owned()));
    } else if let Some((_, session)) = arn.session() {
        trust.named.push(Named::Session(principal.to_owned(), session.to_owned()));
    } else if let Some(name) = arn.federated_user() {
        trust.named.push(Named::Session(principal.to_owned(), name.to_owned()));
    } else if !(arn.service == "iam" && arn.resource.starts_with("role/")) {
        trust.not_understood.push(format!("statement {number}: principal {:?}", short(principal, 80)));
    }
}

/// `StringEquals`, `StringLike` and their kin, also with a set prefix or `IfExists`; not their negations.
fn compares_for_equality(operator: &str) -> bool {
    let lower = operator.to_ascii_lowercase();
    let bare = lower.rsplit(':').next().unwrap_or(&lower);
    let bare = bare.strip_suffix("ifexists").unwrap_or(bare);
    matches!(bare, "stringequals" | "stringequalsignorecase" | "stringlike" | "arnequals" | "arnlike")
}

fn name_in(key: &str, value: &str) -> Option<ConditionName> {
    let key = key.to_ascii_lowercase();
    if key == "aws:userid" {
        // `AIDA...` for a user, `AROA...:session` for a session of a role; the part before the colon may be a pattern.
        return match value.rsplit_once(':') {
            Some((_, session)) => one(session).map(ConditionName::SessionName),
            None => one(value).filter(|id| id.starts_with("AIDA")).map(ConditionName::UserId),
        };
    }
    let value = one(value)?;
    match key.as_str() {
        "aws:username" => Some(ConditionName::UserName(value)),
        "aws:principalarn" => Arn::parse(&value).and_then(|arn| {
            let session = arn.session().map(|(_, session)| ConditionName::SessionName(session.to_owned()));
            arn.user_name().map(|_| ConditionName::UserArn(value.clone())).or(session)
        }),
        "sts:rolesessionname" | "sts:sourceidentity" | "aws:sourceidentity" => Some(ConditionName::SessionName(value)),
        "identitystore:userid" => Some(ConditionName::IdentityCenterUser(value)),
        _ if is_address(&value) => Some(ConditionName::Email(value)),
        _ => None,
    }
}

/// A value that stands for exactly one name.
fn one(value: &str) -> Option<String> {
    (!value.is_empty() && !value.contains(['*', '?', '$'])).then(|| value.to_owned())
}

/// Whether the text looks like a mail address.
pub(crate) fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@') && !text.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::document::Parsed;

    fn trust(statement: &str) -> Trust {
        let json = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        let parsed = serde_json::from_str::<Parsed>(&json).expect("never fails");
        read_trust(&parsed.0.expect("a document"))
    }

    #[test]
    fn a_user_is_named_and_a_role_or_service_is_not() {
        let both = trust(
            r#"{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:user/x/ana","arn:aws:iam::111122223333:role/ci"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
        );
        assert_eq!(both.named, vec![Named::User("arn:aws:iam::111122223333:user/x/ana".into())]);
        assert!(both.not_understood.is_empty());
        let denied = trust(
            r#"{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:user/ana"},"Action":"sts:AssumeRole"}"#,
        );
        assert!(denied.named.is_empty());
    }

    #[test]
    fn the_id_of_a_deleted_user_is_a_leftover_and_a_foreign_word_is_not_understood() {
        let gone = trust(r#"{"Effect":"Allow","Principal":{"AWS":"AIDAEXAMPLEDELETED01"},"Action":"sts:AssumeRole"}"#);
        assert_eq!(gone.named, vec![Named::DeletedUser("AIDAEXAMPLEDELETED01".into())]);
        let odd = trust(r#"{"Effect":"Allow","Principal":{"AWS":"somebody"},"Action":"sts:AssumeRole"}"#);
        assert_eq!(odd.not_understood.len(), 1);
        let not = trust(r#"{"Effect":"Allow","NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole"}"#);
        assert_eq!(not.not_understood.len(), 1);
    }

    #[test]
    fn a_whole_account_is_let_in_by_number_or_root() {
        for principal in ["111122223333", "arn:aws:iam::111122223333:root"] {
            let whole = trust(&format!(
                r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}"#
            ));
            assert!(whole.whole_account && whole.named.is_empty(), "{principal}");
        }
    }

    #[test]
    fn conditions_that_name_one_person_are_seen_and_patterns_and_negations_are_not() {
        let federated = |condition: &str| {
            trust(&format!(
                r#"{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"}},"Action":"sts:AssumeRoleWithSAML","Condition":{condition}}}"#
            ))
            .named
        };
        let named = federated(
            r#"{"StringEquals":{"sts:RoleSessionName":["ana.silva@acme.example"]},"StringLike":{"aws:userid":"*:bo@acme.example"},"ForAnyValue:StringEqualsIgnoreCase":{"aws:PrincipalTag/mail":"cy@acme.example"}}"#,
        );
        assert_eq!(named.len(), 3, "{named:?}");
        for silent in [
            r#"{"StringNotEquals":{"sts:RoleSessionName":"ana"}}"#,
            r#"{"StringLike":{"sts:RoleSessionName":"*@acme.example"}}"#,
            r#"{"StringEquals":{"aws:PrincipalTag/team":"build"}}"#,
            r#"{"StringEquals":{"sts:RoleSessionName":"${aws:username}"}}"#,
        ] {
            assert!(federated(silent).is_empty(), "{silent}");
        }
    }
}
