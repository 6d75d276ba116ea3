//! The ways in which lists go on.

use scan_contract::Cause;
use scan_transport::Reply;
use url::Url;

use super::{HttpJson, Paging, Place, Size, take};
use crate::fetched::Fetched;
use crate::mapping::Mapping;
use crate::page::{Form, Page};
use crate::source::Source;
use crate::table::Table;
use crate::walk::Walk;

/// Readings of a list whose pages can shift (CMP-5).
const READINGS: u32 = 3;

/// Where pages say what.
struct Places {
    form: Form,
    total: Option<usize>,
    expect: Option<(usize, String)>,
    next: Option<usize>,
}

impl Places {
    fn new(system: &HttpJson) -> Self {
        let mut form = Form::new(system.items.clone());
        let total = system.total.as_ref().map(|pointer| form.also(pointer));
        let expect = system.expect.as_ref().map(|(pointer, word)| (form.also(pointer), word.clone()));
        let next = match &system.paging {
            Paging::LinkIn(pointer) | Paging::Cursor { at: pointer, .. } => Some(form.also(pointer)),
            Paging::Whole | Paging::LinkHeader | Paging::Page { .. } | Paging::Offset { .. } => None,
        };
        Self { form, total, expect, next }
    }

    fn read(&self, reply: &Reply) -> Result<Page, Cause> {
        let page = self.form.read(reply)?;
        if let Some((slot, declared)) = &self.expect {
            let found = page.at(*slot).text().unwrap_or("nothing");
            if found != declared {
                let found: String = found.chars().take(60).collect();
                return Err(Cause::WrongSystem { declared: declared.clone(), found });
            }
        }
        Ok(page)
    }

    fn total(&self, page: &Page) -> Result<Option<u64>, Cause> {
        let Some(slot) = self.total else { return Ok(None) };
        match page.total(slot)? {
            Some(total) => Ok(Some(total)),
            None => Err(Cause::Malformed {
                what: String::from("the answer names no total where the configuration says one is"),
            }),
        }
    }

    fn next<'p>(&self, page: &'p Page) -> Result<Option<&'p str>, Cause> {
        self.next.map_or(Ok(None), |slot| page.next(slot))
    }
}

/// Reads the whole list.
pub(super) async fn read(
    system: &HttpJson,
    source: &Source,
    mapping: &Mapping,
    walk: &mut Walk,
) -> Result<Fetched, Cause> {
    let places = Places::new(system);
    let proof = match &system.paging {
        Paging::Whole => "the list is one answer and was read to its end",
        Paging::LinkHeader | Paging::LinkIn(_) => "the last page has no link to a next one",
        Paging::Cursor { .. } => "the last page names no cursor",
        Paging::Page { .. } | Paging::Offset { .. } => "an empty page followed the last one, and two readings agree",
    };
    let (table, announced) = match &system.paging {
        Paging::Whole | Paging::LinkHeader | Paging::LinkIn(_) | Paging::Cursor { .. } => {
            once(system, source, mapping, walk, &places).await?
        }
        Paging::Page { parameter, first, size, place } => {
            let numbered =
                Numbered { parameter, first: *first, size: size.as_ref(), place: *place, counts: Counts::Pages };
            agreed(system, source, mapping, walk, &places, &numbered).await?
        }
        Paging::Offset { parameter, size, place } => {
            let numbered = Numbered { parameter, first: 0, size: size.as_ref(), place: *place, counts: Counts::People };
            agreed(system, source, mapping, walk, &places, &numbered).await?
        }
    };
    Ok(Fetched::new(table.finish(announced)?, walk.as_of(), announced, proof))
}

/// Reads by links and cursors, which hold their place by themselves.
async fn once<'s>(
    system: &HttpJson,
    source: &'s Source,
    mapping: &Mapping,
    walk: &mut Walk,
    places: &Places,
) -> Result<(Table<'s>, Option<u64>), Cause> {
    let mut table = Table::new(source, mapping);
    let mut announced = None;
    let mut next: Option<(Url, Option<String>)> = Some((system.url.clone(), None));
    while let Some((url, cursor)) = next {
        let request = match (&system.paging, cursor) {
            (Paging::Cursor { parameter, place, .. }, Some(cursor)) => {
                system.request(&url, &[(parameter, cursor)], *place)?
            }
            _ => system.request(&url, &[], Place::Query)?,
        };
        let reply = walk.page(request).await?;
        let page = places.read(&reply)?;
        announced = places.total(&page)?.max(announced);
        take(&page.items, mapping, &mut table);
        next = match &system.paging {
            Paging::LinkHeader => match reply.next_link()? {
                None => None,
                Some(link) => Some((walk.link(&system.url, link.as_str())?, None)),
            },
            Paging::LinkIn(_) => match places.next(&page)? {
                None => None,
                Some(link) => Some((walk.link(&system.url, link)?, None)),
            },
            Paging::Cursor { .. } => match places.next(&page)? {
                None => None,
                Some(cursor) => {
                    walk.follow(cursor)?;
                    Some((system.url.clone(), Some(String::from(cursor))))
                }
            },
            Paging::Whole | Paging::Page { .. } | Paging::Offset { .. } => None,
        };
    }
    Ok((table, announced))
}

/// What a number in a request counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Pages,
    People,
}

struct Numbered<'a> {
    parameter: &'a str,
    first: u64,
    size: Option<&'a Size>,
    place: Place,
    counts: Counts,
}

/// Reads by numbers. Somebody who joins or goes in between moves everybody after them by one: one reading alone proves
/// nothing.
async fn agreed<'s>(
    system: &HttpJson,
    source: &'s Source,
    mapping: &Mapping,
    walk: &mut Walk,
    places: &Places,
    numbered: &Numbered<'_>,
) -> Result<(Table<'s>, Option<u64>), Cause> {
    let (mut before, _) = reading(system, source, mapping, walk, places, numbered).await?;
    for _ in 1..READINGS {
        let (table, announced) = reading(system, source, mapping, walk, places, numbered).await?;
        if table.keys() == before.keys() {
            return Ok((table, announced));
        }
        before = table;
    }
    Err(Cause::NotProven {
        what: format!("the list changed between {READINGS} readings; its pages shift while they are read"),
    })
}

async fn reading<'s>(
    system: &HttpJson,
    source: &'s Source,
    mapping: &Mapping,
    walk: &mut Walk,
    places: &Places,
    numbered: &Numbered<'_>,
) -> Result<(Table<'s>, Option<u64>), Cause> {
    let mut table = Table::new(source, mapping);
    let mut announced = None;
    let mut number = numbered.first;
    loop {
        let mut parameters = vec![(numbered.parameter, number.to_string())];
        if let Some(size) = numbered.size {
            parameters.push((&size.parameter, size.count.to_string()));
        }
        let reply = walk.page(system.request(&system.url, &parameters, numbered.place)?).await?;
        let page = places.read(&reply)?;
        announced = places.total(&page)?.max(announced);
        if page.items.is_empty() {
            return Ok((table, announced));
        }
        if take(&page.items, mapping, &mut table) == 0 {
            let what = format!(
                "{} {number} holds nobody who was not on an earlier page: the service does not go on",
                numbered.parameter
            );
            return Err(Cause::Malformed { what });
        }
        number += match numbered.counts {
            Counts::Pages => 1,
            // As many as came: a service may give fewer than it was asked for.
            Counts::People => page.items.len() as u64,
        };
    }
}
