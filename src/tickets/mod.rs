//! Tickets: from what a run found to a ticket that closes itself once closure is proven.
//!
//! | file | what is in it |
//! |---|---|
//! | [`markup`] | a text in the markup of each tracker, where a value is literal |
//! | [`settings`] | how findings become tickets, as configured |
//! | [`text`] | what a ticket says, before any tracker's markup: fixed structure, values that only fill it |
//! | [`tracker`] | what a tracker can do, and how each call can fail |
//! | [`trackers`] | the trackers themselves |
//! | [`group`] | what belongs on one ticket, and its key |
//! | [`words`] | what tickets say |
//! | [`breaker`] | when nothing is sent before an operator's word, and how much at once |
//! | [`plan`] | what should be sent; pure |
//! | [`figures`] | figures for metrics |
//! | [`sync`] | sending, one step at a time, each written down before and after |
//!
//! A run writes what it wishes into the store, in the transaction of the state change (TKT-1). Sending is another
//! command with another credential (PRV-6). This room must never create without having looked (TKT-2), close a ticket
//! without proof (TKT-9), or put a secret, a full grant id or somebody else's leaving into a text.

pub mod breaker;
pub mod figures;
pub mod group;
pub mod markup;
pub mod plan;
pub mod settings;
pub mod sync;
pub mod text;
pub mod tracker;
pub mod trackers;
pub mod words;
