"""An imitation of FreeAgent's API, version 2, for companies and for accountancy practices."""
