//! From the fields of a source to the columns of a roster.

use std::collections::BTreeMap;

use scan_contract::Cause;
use serde_json::value::RawValue;

use crate::column::Column;
use crate::pick::{Picked, Pointer, Wanted};
use crate::source::Source;
use crate::table::{Cell, Record};

/// The usual fields of a system: for each column the fields that fill it, first choice first.
pub(crate) type Usual = &'static [(Column, &'static [&'static str])];

/// Where a field of the source stands in its answers: several places where it depends on the account.
pub(crate) type Places = fn(&str) -> Vec<Pointer>;

/// Which fields are read, and into which columns.
#[derive(Debug)]
pub(crate) struct Mapping {
    wanted: Wanted,
    columns: Vec<(Column, Vec<usize>)>,
    fields: Vec<String>,
    by_column: BTreeMap<Column, Vec<String>>,
}

impl Mapping {
    /// The usual fields, with what the configuration says instead and besides.
    ///
    /// # Errors
    /// A field that leads nowhere: the configuration is checked before, so this is a defect.
    pub(crate) fn new(source: &Source, usual: Usual, places: Places) -> Result<Self, Cause> {
        let mut by_column: BTreeMap<Column, Vec<String>> = BTreeMap::new();
        for (column, fields) in usual {
            by_column.insert(*column, fields.iter().map(|field| String::from(*field)).collect());
        }
        for (column, field) in &source.columns {
            by_column.insert(*column, vec![field.clone()]);
        }
        for (column, fields) in &source.fallbacks {
            by_column.entry(*column).or_default().extend(fields.iter().cloned());
        }
        let mut mapping =
            Self { wanted: Wanted::new(), columns: Vec::new(), fields: Vec::new(), by_column: BTreeMap::new() };
        for (column, fields) in &by_column {
            let mut slots = Vec::new();
            for field in fields {
                let pointers = places(field);
                if pointers.is_empty() {
                    return Err(Cause::Bug { what: format!("no field can be called {field:?}") });
                }
                slots.extend(pointers.iter().map(|pointer| mapping.wanted.slot(pointer)));
                if !mapping.fields.contains(field) {
                    mapping.fields.push(field.clone());
                }
            }
            mapping.columns.push((*column, slots));
        }
        mapping.by_column = by_column;
        Ok(mapping)
    }

    /// The fields that are read, in the source's words.
    pub(crate) fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The fields of each column.
    pub(crate) fn by_column(&self) -> &BTreeMap<Column, Vec<String>> {
        &self.by_column
    }

    /// One more value that is read and goes into no column by itself.
    pub(crate) fn also(&mut self, pointer: &Pointer) -> usize {
        self.wanted.slot(pointer)
    }

    /// Reads one object; `None` where it cannot be read.
    pub(crate) fn read(&self, object: &RawValue) -> Option<Values> {
        match self.wanted.pick(object.get()) {
            Ok(pickings) if object.get().trim_start().starts_with('{') => Some(Values(pickings.values)),
            // Whatever is wrong with it, its row is rejected and counted; its text is not repeated.
            Ok(_) | Err(_) => None,
        }
    }

    /// The columns out of what was read.
    pub(crate) fn record(&self, values: &Values) -> Record {
        let mut record = Record::new();
        self.fill(&mut record, values);
        record
    }

    /// The same into a record that is begun already.
    pub(crate) fn fill(&self, record: &mut Record, values: &Values) {
        for (column, slots) in &self.columns {
            let mut cell = Cell::Absent;
            for slot in slots {
                match Cell::of(&values.0[*slot]) {
                    Cell::Absent => {}
                    Cell::Empty => cell = Cell::Empty,
                    text @ Cell::Text(_) => {
                        cell = text;
                        break;
                    }
                }
            }
            record.set(*column, cell);
        }
    }
}

/// The values of one object.
#[derive(Debug)]
pub(crate) struct Values(Vec<Picked>);

impl Values {
    /// What stood at a place that [`Mapping::also`] gave.
    pub(crate) fn at(&self, slot: usize) -> &Picked {
        &self.0[slot]
    }
}

/// A field that is a key of the object.
pub(crate) fn key(field: &str) -> Vec<Pointer> {
    vec![Pointer::of(&[field])]
}

/// A field that is a JSON pointer.
pub(crate) fn pointer(field: &str) -> Vec<Pointer> {
    Pointer::parse(field).into_iter().collect()
}
