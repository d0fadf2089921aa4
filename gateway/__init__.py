"""What is allowed and what happened: rules, use cases, storage, bus, time series, wording."""
