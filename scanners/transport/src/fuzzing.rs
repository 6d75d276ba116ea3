//! Doors for the fuzz targets (`tests/fuzz`) to what nobody else may call. Not part of the interface.

use std::net::IpAddr;

use scan_contract::Cause;
use url::Url;

use crate::address::{self, Guard};
use crate::allow::Keep;
use crate::json::{self, Twice};
use crate::origin::Origins;
use crate::settings::{Limits, OriginRule, Reach, Settings};
use crate::{Connection, Dialect, record, xml};

/// Whether an address passes the guard of a rule of that reach.
pub fn address_passes(address: IpAddr, reach: Reach) -> bool {
    let guard = match reach {
        Reach::Public => Guard::Public,
        Reach::Internal => Guard::Internal,
        Reach::MetadataService => Guard::Metadata,
    };
    address::judge(address, guard).is_ok()
}

/// Holds an address against one rule. The outer error is that of the rule.
///
/// # Errors
/// The rule cannot hold.
pub fn check_origin(rule: OriginRule, url: &Url) -> Result<Result<(), Cause>, Cause> {
    let settings = Settings::new("fuzz", vec![rule], Dialect::Plain, Connection::default());
    Ok(Origins::new(&settings)?.check(url))
}

/// What of a body is written into a recording.
pub fn reduce(keep: Keep, body: &[u8]) -> String {
    record::reduce(keep, body)
}

/// Looks over JSON as before every decoding; keys that stand twice are refused.
///
/// # Errors
/// As [`crate::Reply::json`].
pub fn look_over_json(body: &[u8], limits: &Limits) -> Result<(), Cause> {
    json::look_over("fuzz", body, limits, Twice::Refused)
}

/// Looks over XML as before every decoding.
///
/// # Errors
/// A limit, a document type, or what is not well formed.
pub fn look_over_xml(body: &[u8], limits: &Limits) -> Result<(), Cause> {
    xml::look_over("fuzz", body, limits)
}
