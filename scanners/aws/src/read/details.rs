//! `get-account-authorization-details`: one merged document, an array of pages, or pages one after the other.

use std::collections::BTreeSet;
use std::fmt;

use scan_contract::Cause;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::read::wire::{GroupDetail, ManagedPolicy, RoleDetail, UserDetail};
use crate::text::{decode, digest, json_error};

/// The four lists of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum List {
    /// `UserDetailList`.
    Users,
    /// `GroupDetailList`.
    Groups,
    /// `RoleDetailList`.
    Roles,
    /// `Policies`.
    Policies,
}

impl List {
    /// The key in the answer.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Users => "UserDetailList",
            Self::Groups => "GroupDetailList",
            Self::Roles => "RoleDetailList",
            Self::Policies => "Policies",
        }
    }
}

/// One object that could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) list: List,
    /// Where it stands.
    pub(crate) part: String,
    pub(crate) cause: Cause,
}

/// What the pages say about there being more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PagesEnd {
    /// The last page says `IsTruncated: false`.
    LastPage,
    /// No page says anything: the vendor's command line merges the pages and drops the flag.
    Unsaid,
}

/// The account as the authorization details show it.
#[derive(Debug, Default)]
pub(crate) struct Details {
    pub(crate) users: Vec<UserDetail>,
    pub(crate) groups: Vec<GroupDetail>,
    pub(crate) roles: Vec<RoleDetail>,
    pub(crate) policies: Vec<ManagedPolicy>,
    /// Lists that some page carries, even empty.
    pub(crate) lists: BTreeSet<List>,
    /// Single objects that were lost.
    pub(crate) damage: Vec<Damage>,
    /// What concerns the whole document: cut, truncated, damaged.
    pub(crate) broken: Vec<Cause>,
    pages: Vec<Page>,
    pub(crate) sha256: String,
}

#[derive(Debug, Default)]
struct Page {
    truncated: Option<bool>,
    marker: Option<String>,
    next_token: bool,
}

impl Details {
    /// Reads the document. What was read before a damage is kept.
    pub(crate) fn read(bytes: &[u8], origin: &str) -> Self {
        let mut details = Self { sha256: digest(bytes), ..Self::default() };
        let decoded = decode(bytes, origin);
        details.broken.extend(decoded.damage);
        let text: &str = &decoded.text;
        let mut json = serde_json::Deserializer::from_str(text);
        loop {
            let place = Place { text, details: &mut details };
            if let Err(error) = place.deserialize(&mut json) {
                let what = format!("{origin}: {}", json_error(&error));
                details.broken.push(if error.is_eof() { Cause::CutOff { what } } else { Cause::Malformed { what } });
                break;
            }
            if json.end().is_ok() {
                break;
            }
        }
        details.check_pages(origin);
        details
    }

    /// A page that came from the service itself, with the lists it carries and the service's word on whether more follow.
    pub(crate) fn begin_page(&mut self, lists: impl IntoIterator<Item = List>, truncated: bool, marker: Option<&str>) {
        self.lists.extend(lists);
        self.pages.push(Page { truncated: Some(truncated), marker: marker.map(str::to_owned), next_token: false });
    }

    fn check_pages(&mut self, origin: &str) {
        let mut markers = BTreeSet::new();
        for page in &self.pages {
            if let Some(marker) = &page.marker
                && !markers.insert(marker.as_str())
            {
                self.broken
                    .push(Cause::Malformed { what: format!("{origin} holds the same page twice (same Marker)") });
                break;
            }
        }
        if self.pages.last().is_some_and(|page| page.truncated == Some(true) || page.next_token) {
            self.broken.push(Cause::CutOff {
                what: format!("{origin}: the last page says that more follow (IsTruncated or NextToken)"),
            });
        }
        if self.pages.is_empty() && self.broken.is_empty() {
            self.broken.push(Cause::Malformed { what: format!("{origin} holds no page") });
        }
    }

    /// What the pages say about their end.
    pub(crate) fn end(&self) -> PagesEnd {
        match self.pages.last().and_then(|page| page.truncated) {
            Some(false) => PagesEnd::LastPage,
            Some(true) | None => PagesEnd::Unsaid,
        }
    }

    /// Number of pages, for messages.
    pub(crate) fn page_count(&self) -> usize {
        self.pages.len()
    }
}

/// One page, or an array of pages.
struct Place<'t, 'd> {
    text: &'t str,
    details: &'d mut Details,
}

impl<'t> DeserializeSeed<'t> for Place<'t, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Place<'t, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an answer of get-account-authorization-details")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut pages: A) -> Result<(), A::Error> {
        while pages.next_element_seed(Place { text: self.text, details: &mut *self.details })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { text, details } = self;
        // Counted before it is read: a page that breaks off half-way is a page.
        details.pages.push(Page::default());
        let mut page = Page::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "UserDetailList" => {
                    map.next_value_seed(Items {
                        text,
                        list: List::Users,
                        lists: &mut details.lists,
                        into: &mut details.users,
                        damage: &mut details.damage,
                    })?;
                }
                "GroupDetailList" => {
                    map.next_value_seed(Items {
                        text,
                        list: List::Groups,
                        lists: &mut details.lists,
                        into: &mut details.groups,
                        damage: &mut details.damage,
                    })?;
                }
                "RoleDetailList" => {
                    map.next_value_seed(Items {
                        text,
                        list: List::Roles,
                        lists: &mut details.lists,
                        into: &mut details.roles,
                        damage: &mut details.damage,
                    })?;
                }
                "Policies" => {
                    map.next_value_seed(Items {
                        text,
                        list: List::Policies,
                        lists: &mut details.lists,
                        into: &mut details.policies,
                        damage: &mut details.damage,
                    })?;
                }
                "IsTruncated" => page.truncated = map.next_value()?,
                "Marker" => page.marker = map.next_value()?,
                "NextToken" => page.next_token = map.next_value::<Option<String>>()?.is_some(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if let Some(last) = details.pages.last_mut() {
            *last = page;
        }
        Ok(())
    }
}

/// The objects of one list: each is cut out whole, then decoded alone.
struct Items<'t, 'd, T> {
    text: &'t str,
    list: List,
    lists: &'d mut BTreeSet<List>,
    into: &'d mut Vec<T>,
    damage: &'d mut Vec<Damage>,
}

impl<'t, T: Deserialize<'t>> DeserializeSeed<'t> for Items<'t, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t, T: Deserialize<'t>> Visitor<'t> for Items<'t, '_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the list {}", self.list.key())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<(), A::Error> {
        self.lists.insert(self.list);
        let mut index = 0_usize;
        while let Some(raw) = items.next_element::<&'t RawValue>()? {
            index += 1;
            match serde_json::from_str::<T>(raw.get()) {
                Ok(item) => self.into.push(item),
                Err(error) => {
                    let byte = raw.get().as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
                    self.damage.push(Damage {
                        list: self.list,
                        part: format!("{} number {index} at byte {byte}", self.list.key()),
                        cause: Cause::Malformed {
                            what: format!("object {index} of {}: {}", self.list.key(), json_error(&error)),
                        },
                    });
                }
            }
        }
        Ok(())
    }
}
