//! The scanner as the engine uses it: documents in memory, everything it hands over looked at.

mod damage;
mod documents;
mod kit;
