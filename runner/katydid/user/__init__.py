"""Users, tasks and wait times: the classes that a locustfile derives from."""
