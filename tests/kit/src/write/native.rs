//! Native import files.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use scan_contract::{Access, Fact, Holder, Moment};
use serde_json::{Map, Value, json};

use super::instant;
use crate::world::{Fault, Grant, Packing, System};

/// Path of a system's file.
pub(super) fn path(system: &System, packing: Packing) -> String {
    let end = match packing {
        Packing::Plain => "",
        Packing::Gzip => ".gz",
        Packing::Zstandard => ".zst",
    };
    format!("exports/{}.ndjson{end}", system.id)
}

/// The file, packed.
pub fn bytes(system: &System, packing: Packing) -> io::Result<Vec<u8>> {
    let text = text(system);
    match packing {
        Packing::Plain => Ok(text.into_bytes()),
        Packing::Gzip => {
            let mut encoder = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(text.as_bytes())?;
            encoder.finish()
        }
        Packing::Zstandard => zstd::encode_all(text.as_bytes(), 6),
    }
}

fn text(system: &System) -> String {
    let hidden = |scope: &str| {
        system.faults.iter().any(|fault| match fault {
            Fault::Refused { scope: name, .. } | Fault::NotInFile(name) => name == scope,
            Fault::CutAfter(_) | Fault::NotProven | Fault::Stale | Fault::Excluded { .. } => false,
        })
    };
    let claimed: Vec<&String> =
        system.scopes.iter().filter(|scope| !system.faults.contains(&Fault::NotInFile((*scope).clone()))).collect();
    let mut lines = vec![json!({
        "record": "header", "format": "holdover-import", "version": 1, "system": system.id,
        "as_of": instant(system.as_of), "produced_by": format!("{} export", system.id), "scopes": claimed,
    })];
    let mut counts: BTreeMap<&str, u64> = claimed.iter().map(|scope| (scope.as_str(), 0)).collect();
    let grants: Vec<&Grant> = system.grants.iter().filter(|grant| !hidden(grant.access.scope.as_str())).collect();
    for grant in &grants {
        lines.push(record(grant));
        *counts.entry(grant.access.scope.as_str()).or_default() += 1;
    }
    for fault in &system.faults {
        if let Fault::Refused { scope, needs } = fault {
            lines.push(json!({"record": "gap", "scope": scope, "cause": "denied", "detail": needs}));
            counts.remove(scope.as_str());
        }
    }
    lines.push(json!({"record": "end", "counts": counts}));
    let cut = system.faults.iter().find_map(|fault| match fault {
        Fault::CutAfter(records) => Some(*records),
        _ => None,
    });
    let mut text = String::new();
    for line in lines.iter().take(cut.map_or(usize::MAX, |records| records + 1)) {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    if cut.is_some() {
        // A transfer that broke in the middle of a line.
        text.push_str("{\"record\":\"access\",\"scope\":\"acc");
    }
    text
}

/// One access line.
fn record(grant: &Grant) -> Value {
    let access = &grant.access;
    let mut line = Map::new();
    let mut put = |key: &str, value: Value| {
        line.insert(key.to_owned(), value);
    };
    put("record", json!("access"));
    put("scope", json!(access.scope.as_str()));
    put("kind", json!(access.kind.as_str()));
    put("grant_id", json!(access.grant_id.as_str()));
    for (key, value) in texts(access) {
        put(key, json!(value));
    }
    put("status", json!(access.status_text.as_deref().unwrap_or(access.status.as_str())));
    put("privilege", json!(access.privilege.as_str()));
    if let Some(subtype) = access.subtype {
        put("subtype", json!(subtype.as_str()));
    }
    for (key, fact) in [
        ("created_at", &access.created_at),
        ("last_used_at", &access.last_used_at),
        ("expires_at", &access.expires_at),
        ("rotated_at", &access.rotated_at),
    ] {
        match fact {
            Fact::Known(moment) => put(key, json!(time(moment, key == "last_used_at"))),
            Fact::None => put(key, Value::Null),
            Fact::Hidden(_) => {}
        }
    }
    if let Fact::Known(used) = &access.last_used_at
        && used.precision_seconds > 0
        && !is_day(used)
    {
        put("last_used_precision", json!(format!("{}m", used.precision_seconds / 60)));
    }
    for (key, at) in [("cutoff_at", access.cutoff_at), ("live_until", access.live_until)] {
        if let Some(at) = at {
            put(key, json!(instant(at)));
        }
    }
    if let Some(cost) = &access.seat_cost {
        put("seat_cost", json!({"amount": cost.amount, "currency": cost.currency, "per": cost.per}));
    }
    if !access.holders.is_empty() {
        put("holders", Value::Array(access.holders.iter().map(holder).collect()));
    }
    for (key, value) in &grant.extra {
        put(key, json!(value));
    }
    Value::Object(line)
}

fn texts(access: &Access) -> impl Iterator<Item = (&'static str, String)> + '_ {
    [
        ("grant_display", access.grant_display.clone()),
        ("parent", access.parent.as_ref().map(|parent| parent.as_str().to_owned())),
        ("target", access.target.clone()),
        ("client", access.client.clone()),
        ("managed_by", access.managed_by.clone()),
        ("evidence", access.evidence.first().cloned()),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
}

/// A day as a civil date.
fn is_day(moment: &Moment) -> bool {
    moment.precision_seconds == 86_400 && moment.at.timestamp().rem_euclid(86_400) == 0
}

fn time(moment: &Moment, has_precision: bool) -> String {
    if is_day(moment) || (moment.precision_seconds > 0 && !has_precision) {
        moment.at.format("%Y-%m-%d").to_string()
    } else {
        instant(moment.at)
    }
}

fn holder(holder: &Holder) -> Value {
    let mut object = Map::new();
    object.insert(String::from("relation"), json!(holder.relation.as_str()));
    let texts = [
        ("employee_id", holder.employee_id.as_deref()),
        ("provider_id", holder.provider_id.as_deref()),
        ("login", holder.login.as_deref()),
        ("email", holder.email.as_deref()),
        ("name", holder.name.as_deref()),
        ("ssh_fingerprint", holder.ssh_fingerprint.as_ref().map(scan_contract::KeyFingerprint::as_str)),
        ("external_id", holder.external.as_ref().map(|external| external.id.as_str())),
        ("external_system", holder.external.as_ref().and_then(|external| external.system.as_deref())),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            object.insert(key.to_owned(), json!(value));
        }
    }
    if let Some(at) = &holder.last_at {
        object.insert(String::from("last_at"), json!(time(at, true)));
    }
    if let Some(verified) = &holder.verified {
        let words: Vec<&str> = verified.iter().map(|kind| kind.as_str()).collect();
        object.insert(String::from("verified"), json!(words));
    }
    Value::Object(object)
}
