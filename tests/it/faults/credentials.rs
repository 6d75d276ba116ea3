//! Rows C1 to C6: refusals, credentials that end, belong to another tenant, or can do too much, and a wrong clock.
