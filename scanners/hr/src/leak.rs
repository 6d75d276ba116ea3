//! Lists of requests that depend on the configuration. Lists are static, so what is made here lives as long as the
//! program: one small piece a source and run.

use scan_transport::{AllowList, Keep, Operation};

pub(crate) fn text(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn names(names: Vec<String>) -> &'static [&'static str] {
    let names: Vec<&'static str> = names.into_iter().map(text).collect();
    Box::leak(names.into_boxed_slice())
}

pub(crate) fn list(connector: &'static str, operations: Vec<Operation>) -> &'static AllowList {
    Box::leak(Box::new(AllowList { connector, operations: Box::leak(operations.into_boxed_slice()) }))
}

/// The same list, with these fields kept in recordings too: what the configuration maps has to be there in a replay.
pub(crate) fn keeping<'f>(list: &'static AllowList, fields: impl Iterator<Item = &'f String>) -> &'static AllowList {
    list.keeping(fields.flat_map(|field| steps(field)))
}

/// Names of the keys on the way to a field, in any of the ways fields are written.
fn steps(field: &str) -> Vec<String> {
    let mut steps = vec![String::from(field), format!("/{}", field.replace('.', "/"))];
    steps.extend(
        field.split(['/', '.']).filter(|step| !step.is_empty()).map(|step| step.replace("~1", "/").replace("~0", "~")),
    );
    steps
}

/// Names of the keys on the way to a pointer.
pub(crate) fn keep(fields: impl Iterator<Item = String>) -> Keep {
    Keep::Json(names(fields.flat_map(|field| steps(&field)).collect()))
}
