--- Deletes values of `host.store` whose time is over. Nobody can read them any more; this gives back their space.

return {
  name = "values",
  description = "Deletes stored values that have expired.",
  schedule = "every 6h",
  jitter = "20m",

  plan = function(add)
    add.remove({ kind = "script_value", id = "expired", label = "all that have expired" }, "nobody can read them")
  end,
}
