//! What one account gives in bulk: a handful of calls, whatever the number of its users.

pub(crate) mod lists;
pub(crate) mod pages;
pub(crate) mod report;
pub(crate) mod rows;
pub(crate) mod sweep;
pub(crate) mod tell;
