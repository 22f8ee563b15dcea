"""A stand-in for Twilio with phones in the browser. It knows nothing of the product.

It is reached only by the REST API and calls back only by signed webhooks, so whatever works with
it has gone over HTTP. `docs/architecture.md` says what was assumed where Twilio's pages are silent.
"""
