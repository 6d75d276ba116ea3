//! HR systems over HTTP.
