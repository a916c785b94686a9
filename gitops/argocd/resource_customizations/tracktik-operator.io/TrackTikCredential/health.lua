-- TrackTikCredential has its status in the format of kstatus: observedGeneration is written with the conditions, Stalled and
-- Reconciling exist only while they are True, and Ready is True while the Secret holds a token that is alive and belongs to
-- what the spec asks for. The states are listed in docs/gitops.md of tracktik-operator.

local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

local function is_true(condition)
  return condition ~= nil and condition.status == "True"
end

-- What is said about an older spec says nothing about this one.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation or conditions.Ready == nil then
  return { status = "Progressing", message = "Waiting for tracktik-operator to look at the credential" }
end

if is_true(conditions.Stalled) then
  -- Somebody asked for the pause, so that it is no fault that nothing happens.
  if conditions.Stalled.reason == "Suspended" then
    return { status = "Suspended", message = conditions.Stalled.message }
  end
  return { status = "Degraded", message = conditions.Stalled.message }
end

if is_true(conditions.Ready) then
  -- The token works; what keeps it from being renewed is worth reading before it expires.
  if conditions.Renewed ~= nil and conditions.Renewed.status == "False" then
    return {
      status = "Healthy",
      message = conditions.Ready.message .. ". Not renewed: " .. conditions.Renewed.message,
    }
  end
  return { status = "Healthy", message = conditions.Ready.message }
end

return { status = "Progressing", message = conditions.Ready.message }
