"""RQ: what is done in the background. Redis only wakes; the database says what is to be done."""
