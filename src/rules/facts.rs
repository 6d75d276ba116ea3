//! The facts of one (grant, person) as an expression sees them: borrowed, computed when asked for.

use std::fmt;

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer};
use cel::common::types::{CelBool, CelInt, CelString, Type};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use scan_contract::{AccessKind, Fact, Moment, Privilege};

use super::derived;
use super::fields::Root;
use super::lists::{List, Lists};
use super::model::{EmploymentView, Facts};
use super::time::{NOW, Time, hidden};

static ROOT: Type = Type::new_unspecified_type("facts");
static LIST: Type = Type::new_unspecified_type("operator_list");

/// What stands behind a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer<'a> {
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Time(Time),
    /// The source says that there is none: `has()` is false.
    Absent,
    /// The source withholds the fact of this name.
    Hidden(&'static str),
    /// There is no such field; the check at load keeps this from happening.
    Unheard,
}

/// Something that answers for every field: real facts, or the trial facts that every rule is tried on at load.
pub(super) trait Answers: fmt::Debug + Send + Sync {
    fn answer(&self, root: Root, name: &str) -> Answer<'_>;
    fn now(&self) -> Time;
    fn list(&self, name: &str) -> Option<&List>;
    /// Whether the grant at hand is on the list.
    fn is_on(&self, list: &List) -> bool;
}

/// Real facts with the operator's lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) lists: &'a Lists,
}

impl Answers for View<'_> {
    fn answer(&self, root: Root, name: &str) -> Answer<'_> {
        match root {
            Root::Person => self.person(name),
            Root::Access => self.access(name),
            Root::Match => match name {
                "method" => Answer::Text(self.facts.match_method),
                "confidence" => Answer::Text(self.facts.confidence.as_str()),
                "personal" => Answer::Bool(self.facts.match_personal),
                _ => Answer::Unheard,
            },
            Root::System => match name {
                "id" => Answer::Text(self.facts.system),
                "connector" => Answer::Text(self.facts.connector),
                _ => Answer::Unheard,
            },
            Root::Lists => Answer::Unheard,
        }
    }

    fn now(&self) -> Time {
        Time::exact(self.facts.now, NOW)
    }

    fn list(&self, name: &str) -> Option<&List> {
        self.lists.named(name)
    }

    fn is_on(&self, list: &List) -> bool {
        list.holds(self.facts.system, self.facts.access)
    }
}

impl View<'_> {
    fn person(&self, name: &str) -> Answer<'_> {
        let facts = self.facts;
        match name {
            "id" => Answer::Text(facts.person.id.as_str()),
            "employment" => Answer::Text(facts.employment.as_str()),
            "access_end_at" => derived::end(facts).map_or(Answer::Hidden("person.access_end_at"), Answer::Time),
            "rehired_at" => match (facts.rehired_at, facts.employment) {
                (Some(at), _) => Answer::Time(Time::exact(at, "person.rehired_at")),
                (None, EmploymentView::Rehired) => Answer::Hidden("person.rehired_at"),
                (None, EmploymentView::Left | EmploymentView::Suspended) => Answer::Absent,
            },
            "employment_type" => Answer::Text(facts.stint.employment_type.as_str()),
            "role_tier" => facts.stint.role_tier.map_or(Answer::Absent, |tier| Answer::Text(tier.as_str())),
            "urgency" => Answer::Text(facts.stint.urgency.as_str()),
            "legal_hold" => Answer::Bool(facts.stint.legal_hold),
            "stint" => Answer::Int(i64::from(facts.stint.number)),
            _ => Answer::Unheard,
        }
    }

    fn access(&self, name: &str) -> Answer<'_> {
        let facts = self.facts;
        let access = facts.access;
        match name {
            "kind" => Answer::Text(access.kind.as_str()),
            "status" => Answer::Text(access.status.as_str()),
            "status_text" => optional(access.status_text.as_deref()),
            "privilege" => Answer::Text(access.privilege.as_str()),
            "admin" => match access.privilege {
                Privilege::Admin => Answer::Bool(true),
                Privilege::Write | Privilege::Read | Privilege::None => Answer::Bool(false),
                Privilege::Unknown => Answer::Hidden("access.privilege"),
            },
            "subtype" => optional(access.subtype.map(scan_contract::Subtype::as_str)),
            "relation" => Answer::Text(facts.relation.as_str()),
            "usability" => Answer::Text(facts.usability.as_str()),
            "scope" => Answer::Text(access.scope.as_str()),
            "grant_id" => Answer::Text(access.grant_id.as_str()),
            "grant_display" => optional(access.grant_display.as_deref()),
            "parent" => optional(access.parent.as_ref().map(scan_contract::GrantId::as_str)),
            "target" => optional(access.target.as_deref()),
            "client" => optional(access.client.as_deref()),
            "managed_by" => optional(access.managed_by.as_deref()),
            "created_at" => moment(&access.created_at, "access.created_at"),
            "last_used_at" => moment(&access.last_used_at, "access.last_used_at"),
            "expires_at" => moment(&access.expires_at, "access.expires_at"),
            "rotated_at" => moment(&access.rotated_at, "access.rotated_at"),
            "cutoff_at" => {
                access.cutoff_at.map_or(Answer::Absent, |at| Answer::Time(Time::exact(at, "access.cutoff_at")))
            }
            "live_until" => {
                access.live_until.map_or(Answer::Absent, |at| Answer::Time(Time::exact(at, "access.live_until")))
            }
            "used_after_end" => told(derived::used_after_end(facts)),
            "renewed_after_end" => told(derived::renewed_after_end(facts)),
            "began_after_cutoff" => told(derived::began_after_cutoff(access)),
            "other_living_owner" => match facts.other_living_owner {
                Fact::Known(other) => Answer::Bool(*other),
                Fact::None => Answer::Bool(false),
                Fact::Hidden(_) => Answer::Hidden("access.other_living_owner"),
            },
            "lapsed_exception" => optional(facts.exception_lapsed.map(|id| &**id)),
            _ => Answer::Unheard,
        }
    }
}

fn optional(text: Option<&str>) -> Answer<'_> {
    text.map_or(Answer::Absent, Answer::Text)
}

fn moment(fact: &Fact<Moment>, name: &'static str) -> Answer<'static> {
    match fact {
        Fact::Known(moment) => Answer::Time(Time::moment(moment, name)),
        Fact::None => Answer::Absent,
        Fact::Hidden(_) => Answer::Hidden(name),
    }
}

fn told(answer: Result<bool, &'static str>) -> Answer<'static> {
    answer.map_or_else(Answer::Hidden, Answer::Bool)
}

impl EmploymentView {
    /// The word used in rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Rehired => "rehired",
            Self::Suspended => "suspended",
        }
    }

    /// The view written as `word`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Left, Self::Rehired, Self::Suspended].into_iter().find(|view| view.as_str() == word)
    }
}

/// Whether the grant's id is that of the key itself, so that a replacement shows as another grant.
pub(super) fn id_names_the_key(kind: AccessKind) -> bool {
    matches!(
        kind,
        AccessKind::ApiToken
            | AccessKind::AccessKey
            | AccessKind::ServiceKey
            | AccessKind::SshKey
            | AccessKind::Certificate
            | AccessKind::Session
            | AccessKind::OauthGrant
            | AccessKind::MfaDevice
    )
}

/// Answers an expression's names from `source`.
#[derive(Debug)]
pub(super) struct Names<'a>(pub(super) &'a dyn Answers);

impl VariableResolver for Names<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        if let Some((root, name)) = variable.split_once('.') {
            // The interpreter asks for `access.kind` before it asks for `access`: one look instead of two. Whatever
            // is not plainly there goes the long way, which can fail.
            return match self.0.answer(Root::parse(root)?, name) {
                Answer::Bool(value) => Some(CowVal::owned(CelBool::from(value))),
                Answer::Int(value) => Some(CowVal::owned(CelInt::from(value))),
                Answer::Text(text) => Some(CowVal::owned(CelString::from(text))),
                Answer::Time(time) => Some(CowVal::owned(time)),
                Answer::Absent | Answer::Hidden(_) | Answer::Unheard => None,
            };
        }
        if variable == NOW {
            return Some(CowVal::owned(self.0.now()));
        }
        Root::parse(variable).map(|root| CowVal::owned(Group { source: self.0, root }))
    }
}

/// A root as a value.
#[derive(Debug, Clone, Copy)]
struct Group<'a> {
    source: &'a dyn Answers,
    root: Root,
}

impl Val for Group<'_> {
    fn get_type(&self) -> &Type {
        &ROOT
    }

    fn cel_type() -> &'static Type {
        &ROOT
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }
}

impl Indexer for Group<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = index.downcast_ref::<CelString>().map_or("", CelString::inner);
        let source = self.source;
        if self.root == Root::Lists {
            return match source.list(name) {
                Some(list) => Ok(CowVal::owned(Kept { source, list })),
                None => Err(ExecutionError::no_such_key(name)),
            };
        }
        match source.answer(self.root, name) {
            Answer::Bool(value) => Ok(CowVal::owned(CelBool::from(value))),
            Answer::Int(value) => Ok(CowVal::owned(CelInt::from(value))),
            Answer::Text(text) => Ok(CowVal::owned(CelString::from(text))),
            Answer::Time(time) => Ok(CowVal::owned(time)),
            Answer::Absent => Err(ExecutionError::no_such_key(name)),
            Answer::Hidden(fact) => Err(hidden(fact)),
            Answer::Unheard => Err(ExecutionError::undeclared_reference(name)),
        }
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

/// A list an operator keeps, as a value: `access in lists.break_glass`.
#[derive(Debug, Clone, Copy)]
struct Kept<'a> {
    source: &'a dyn Answers,
    list: &'a List,
}

impl Val for Kept<'_> {
    fn get_type(&self) -> &Type {
        &LIST
    }

    fn cel_type() -> &'static Type {
        &LIST
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }
}

impl Container for Kept<'_> {
    fn contains(&self, _access: &dyn Val) -> Result<bool, ExecutionError> {
        // The check at load lets nothing but `access` stand on the left.
        Ok(self.source.is_on(self.list))
    }
}
