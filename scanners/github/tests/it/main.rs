//! The scanner of GitHub against a stub of an organisation, and against servers that others wrote.

mod documents;
mod editions;
mod faults;
mod kit;
mod others;
mod reading;
mod replay;
mod rights;
mod signing;
mod suite;
