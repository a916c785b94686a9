-- Each new value of the annotation is one renewal. With the version of the object as the value, asking twice for the same
-- sight of it, as by a double click, is still one.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["tracktik-operator.io/rotate"] = "argocd-" .. obj.metadata.resourceVersion
return obj
