//! Pages: where in an answer the objects stand, and where it says how to go on.

use scan_contract::Cause;
use scan_transport::Reply;
use serde_json::value::RawValue;

use crate::pick::{Picked, Pointer, Wanted};

/// The form of a page.
#[derive(Debug)]
pub(crate) struct Form {
    wanted: Wanted,
    items: Pointer,
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its objects, unread.
    pub(crate) items: Vec<Box<RawValue>>,
    values: Vec<Picked>,
}

impl Form {
    /// Objects stand in the list at `items`.
    pub(crate) fn new(items: Pointer) -> Self {
        let mut wanted = Wanted::new();
        wanted.items(&items);
        Self { wanted, items }
    }

    /// One more value that is read of each page.
    pub(crate) fn also(&mut self, pointer: &Pointer) -> usize {
        self.wanted.slot(pointer)
    }

    /// Reads a page. A body without the list is no page, whatever its status was (CMP-8).
    pub(crate) fn read(&self, reply: &Reply) -> Result<Page, Cause> {
        // Checks the media type, the depth and that the text is whole; nothing is taken out of it yet. Keys that stand
        // twice are looked for where they matter: in each object by itself.
        let body: Box<RawValue> = reply.envelope()?;
        let pickings = self
            .wanted
            .pick(body.get())
            .map_err(|_| Cause::Malformed { what: format!("{}: a key stands twice in the answer", reply.operation) })?;
        let items = pickings.items.ok_or_else(|| {
            let place = if self.items.first().is_empty() { String::from("its root") } else { self.items.to_string() };
            Cause::Malformed { what: format!("{}: the answer has no list at {place}", reply.describe()) }
        })?;
        Ok(Page { items, values: pickings.values })
    }
}

impl Page {
    /// What stood at a place that [`Form::also`] gave.
    pub(crate) fn at(&self, slot: usize) -> &Picked {
        &self.values[slot]
    }

    /// Where the next page is, as text. `None`: nothing, `null` or an empty text says that this was the last one. Anything
    /// else may lead on in a way that is not known here, and is never taken for the end.
    pub(crate) fn next(&self, slot: usize) -> Result<Option<&str>, Cause> {
        let found = self.at(slot);
        match found {
            Picked::Absent | Picked::Null | Picked::Text(_) => Ok(found.text()),
            Picked::List(_) | Picked::Other => Err(Cause::Malformed {
                what: String::from("where the answer names the next page stands no text, but a list or an object"),
            }),
        }
    }

    /// A total that the service names.
    pub(crate) fn total(&self, slot: usize) -> Result<Option<u64>, Cause> {
        match self.at(slot).text() {
            None => Ok(None),
            Some(text) => match text.parse() {
                Ok(total) => Ok(Some(total)),
                Err(_) => Err(Cause::Malformed { what: String::from("the total is no whole number") }),
            },
        }
    }
}
