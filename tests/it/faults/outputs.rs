//! Rows T1 to T8: tickets are lost, flooded, closed by hand; names are formulas, markup and escape sequences; a run fails
//! and somebody looks at its figures.

mod breaker;
pub(crate) mod desk;
mod names;
mod scrape;
mod tickets;
mod tracker;
