//! A world with bad weather for peer, engine, smpp and journal; development only.
