//! The system's own words for who a user is, and how far they reach.

use std::collections::HashMap;

use scan_contract::{Access, AccessKind, GrantId, Holder, Privilege, Relation, ScopeName, Status};

use crate::arn::Arn;
use crate::policy::judge::Reach;
use crate::policy::reach::Reaches;
use crate::policy::trust::is_address;
use crate::read::load::Loaded;
use crate::read::report::Row;
use crate::read::wire::{Tag, UserDetail};
use crate::settings::Settings;

/// A user as some document names them.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Grant id of their account, where the documents give it.
    pub(crate) account: Option<GrantId>,
    /// Who they are, and who answers for them.
    pub(crate) holders: Vec<Holder>,
    pub(crate) reach: Reach,
    pub(crate) boundary: Option<String>,
}

/// Everybody in the account.
pub(crate) struct People<'a> {
    settings: &'a Settings,
    persons: Vec<Person>,
    by_arn: HashMap<&'a str, usize>,
    by_name: HashMap<&'a str, usize>,
    by_id: HashMap<&'a str, usize>,
}

impl<'a> People<'a> {
    pub(crate) fn new(settings: &'a Settings, loaded: &'a Loaded, reaches: Option<&Reaches<'_>>) -> Self {
        let mut people = Self {
            settings,
            persons: Vec::new(),
            by_arn: HashMap::new(),
            by_name: HashMap::new(),
            by_id: HashMap::new(),
        };
        let users = loaded.details.get().map_or(&[][..], |details| &details.users);
        for (index, user) in users.iter().enumerate() {
            let reach =
                reaches.map_or_else(|| Reach::unknown("the policies were not given"), |reaches| reaches.user(user));
            people.persons.push(Person {
                account: Some(GrantId::from(user.user_id.as_str())),
                holders: people.holders_of(user),
                reach,
                boundary: user.permissions_boundary.as_ref().map(|boundary| boundary.permissions_boundary_arn.clone()),
            });
            people.by_arn.entry(user.arn.as_str()).or_insert(index);
            people.by_name.entry(user.user_name.as_str()).or_insert(index);
            people.by_id.entry(user.user_id.as_str()).or_insert(index);
        }
        people
    }

    /// The user at a place of `UserDetailList`.
    pub(crate) fn at(&self, index: usize) -> Option<&Person> {
        self.persons.get(index)
    }

    /// The user with this ARN.
    pub(crate) fn with_arn(&self, arn: &str) -> Option<&Person> {
        self.by_arn.get(arn).and_then(|index| self.persons.get(*index))
    }

    /// The user with this name.
    pub(crate) fn with_name(&self, name: &str) -> Option<&Person> {
        self.by_name.get(name).and_then(|index| self.persons.get(*index))
    }

    /// The user with this unique id.
    pub(crate) fn with_id(&self, id: &str) -> Option<&Person> {
        self.by_id.get(id).and_then(|index| self.persons.get(*index))
    }

    /// The person of a row of the report.
    pub(crate) fn of_row(&self, row: &Row) -> Person {
        if row.is_root() {
            return self.root(&row.arn);
        }
        match self.with_arn(&row.arn) {
            Some(person) => person.clone(),
            None => self.of_name(&row.user),
        }
    }

    /// A user of whom only the name is known.
    pub(crate) fn of_name(&self, name: &str) -> Person {
        if let Some(person) = self.with_name(name) {
            return person.clone();
        }
        Person {
            account: None,
            holders: vec![by_login(name)],
            reach: Reach::unknown("the user's policies were not given"),
            boundary: None,
        }
    }

    /// The root user of the account.
    pub(crate) fn root(&self, arn: &str) -> Person {
        let account = self.settings.account.as_str();
        let mut holder = by_login(crate::read::report::ROOT);
        holder.provider_id = Some(account.to_owned());
        Person {
            account: Some(GrantId::from(arn)),
            holders: vec![holder],
            reach: Reach {
                privilege: Privilege::Admin,
                ..Reach::nothing("the root user may do everything in the account")
            },
            boundary: None,
        }
    }

    fn holders_of(&self, user: &UserDetail) -> Vec<Holder> {
        let mut holder = by_login(&user.user_name);
        holder.provider_id = Some(user.user_id.clone());
        let addresses = tagged(&user.tags, &self.settings.email_tags).map(str::trim);
        if let Some(address) = addresses.into_iter().find(|address| !address.is_empty()) {
            holder.email = Some(address.to_owned());
        }
        let mut holders = vec![holder];
        holders.extend(self.owners(&user.tags));
        holders
    }

    /// Who answers for a user or role, by its tags.
    pub(crate) fn owners(&self, tags: &[Tag]) -> Vec<Holder> {
        owners_in(tags, &self.settings.owner_tags)
    }
}

/// Who answers for something, by its tags. A value with several addresses names several people.
pub(crate) fn owners_in(tags: &[Tag], owner_tags: &[String]) -> Vec<Holder> {
    let mut owners: Vec<Holder> = Vec::new();
    for value in tagged(tags, owner_tags) {
        let words: Vec<&str> =
            if value.contains('@') { value.split_whitespace().collect() } else { vec![value.trim()] };
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            let mut owner = Holder::new(Relation::Owner);
            if is_address(word) {
                owner.email = Some(word.to_owned());
            } else {
                owner.login = Some(word.to_owned());
            }
            if !owners.contains(&owner) {
                owners.push(owner);
            }
        }
    }
    owners
}

/// Values of the tags with one of these keys. IAM compares tag keys without regard to case.
fn tagged<'t>(tags: &'t [Tag], keys: &'t [String]) -> impl Iterator<Item = &'t str> {
    keys.iter()
        .flat_map(move |key| tags.iter().filter(move |tag| tag.key.eq_ignore_ascii_case(key)))
        .map(|tag| tag.value.as_str())
}

/// A holder known by login; a login that is an address is one as well.
pub(crate) fn by_login(login: &str) -> Holder {
    let mut holder = Holder::new(Relation::Holder);
    holder.login = Some(login.to_owned());
    if is_address(login) {
        holder.email = Some(login.to_owned());
    }
    holder
}

/// A holder from an ARN that no user of the document has: in this account by name, elsewhere by the ARN alone, because
/// a name in another account says nothing about a name in this one.
pub(crate) fn by_arn(text: &str, account: &str) -> Holder {
    let Some(arn) = Arn::parse(text) else { return by_login(text) };
    let name = arn.user_name().unwrap_or(arn.resource);
    if arn.account == account {
        return by_login(name);
    }
    let mut holder = Holder::new(Relation::Holder);
    holder.external = Some(scan_contract::ExternalIdentity { id: text.to_owned(), system: None });
    if is_address(name) {
        holder.email = Some(name.to_owned());
    }
    holder
}

impl Person {
    /// A grant of this user that hangs from their account and reaches as far as they do.
    pub(crate) fn grant(&self, scope: ScopeName, kind: AccessKind, id: String, status: Status) -> Access {
        let mut access = Access::new(scope, kind, GrantId::from(id), status);
        access.parent.clone_from(&self.account);
        access.holders.clone_from(&self.holders);
        access.privilege = self.reach.privilege;
        access.privilege_reason = Some(self.reach.reason.clone());
        access
    }
}
