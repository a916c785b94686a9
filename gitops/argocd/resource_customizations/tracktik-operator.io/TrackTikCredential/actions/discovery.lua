local actions = {}
-- While it is suspended nothing is renewed; the request would wait for the end of the pause.
actions["rotate"] = { ["disabled"] = obj.spec.suspend == true, ["displayName"] = "Renew the token now" }
return actions
