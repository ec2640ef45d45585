"""Who is signed in, and how: sessions, second factors, confirmations, and limits on guessing."""
