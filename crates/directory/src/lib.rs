//! Customers, credentials, carriers and routes: the typed snapshot and the file it is read from.
