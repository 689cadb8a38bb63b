//! Both engines behind one connection type: connecting, SQL types, errors, schema. Contains no queries of particular
//! tables.

pub(in crate::store) mod batcher;
pub(in crate::store) mod codec;
pub(in crate::store) mod conn;
pub(in crate::store) mod dedicated_connection;
pub(in crate::store) mod error;
pub(in crate::store) mod keyset;
pub(in crate::store) mod manager;
pub(in crate::store) mod migrate;
pub(in crate::store) mod presence;
pub(in crate::store) mod query;
pub(in crate::store) mod schema;
pub(in crate::store) mod url_secrets;
