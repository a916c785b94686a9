package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The words that Argo CD takes from a health script.
var healthStatuses = []string{"Healthy", "Progressing", "Suspended", "Degraded", "Missing", "Unknown"}

// health does what Argo CD's GetResourceHealth does where a script is configured for the kind.
func health(object *unstructured.Unstructured, script string) (any, error) {
	if object.GetDeletionTimestamp() != nil {
		return Said{Status: "Progressing", Message: "Pending deletion"}, nil
	}
	answer, err := runScript(object, script)
	if err != nil {
		return nil, err
	}
	table, ok := answer.(*lua.LTable)
	if !ok {
		return nil, fmt.Errorf("a health script returns a table, this one a %s", answer.Type())
	}
	text := func(key string) (string, error) {
		value := table.RawGetString(key)
		if value == lua.LNil {
			return "", nil
		}
		word, ok := value.(lua.LString)
		if !ok {
			return "", fmt.Errorf("%s is a %s", key, value.Type())
		}
		return string(word), nil
	}
	status, err := text("status")
	if err != nil {
		return nil, err
	}
	if !slices.Contains(healthStatuses, status) {
		return nil, fmt.Errorf("no health status: %q", status)
	}
	message, err := text("message")
	return Said{Status: status, Message: message}, err
}

// action gives the object as an old-style action script, which Argo CD patches, leaves it.
func action(object *unstructured.Unstructured, script string) (any, error) {
	answer, err := runScript(object, script)
	if err != nil {
		return nil, err
	}
	if _, ok := answer.(*lua.LTable); !ok {
		return nil, fmt.Errorf("an action script returns a table, this one a %s", answer.Type())
	}
	return toGo(answer)
}

// runScript runs a script in the sandbox that Argo CD puts those of users into: the libraries base, package and table,
// and of os what tells the time. A built-in script gets all libraries, which must not be what a script of ours needs.
// From util/lua/lua.go of Argo CD: SkipOpenLibs, the four libraries in this order, a second of time.
func runScript(object *unstructured.Unstructured, script string) (lua.LValue, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
	} {
		open := lua.P{Fn: state.NewFunction(library.open), NRet: 0, Protect: true}
		if err := state.CallByParam(open, lua.LString(library.name)); err != nil {
			return nil, err
		}
	}
	// A script says `local os = require("os")`.
	state.PreloadModule(lua.OsLibName, openSafeOs)

	limit, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(limit)
	state.SetGlobal("actionParams", state.NewTable())
	state.SetGlobal("obj", toLua(state, object.Object))
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	if state.GetTop() == 0 {
		return nil, errors.New("the script returns nothing")
	}
	return state.Get(-1), nil
}

// openSafeOs gives the two functions of os that touch nothing. They come from another state: opened in this one, the
// whole library would stay within reach of `require`.
func openSafeOs(state *lua.LState) int {
	whole := lua.NewState()
	defer whole.Close()
	safe := state.NewTable()
	for _, name := range []string{"time", "date"} {
		if function, ok := whole.GetField(whole.GetGlobal(lua.OsLibName), name).(*lua.LFunction); ok {
			safe.RawSetString(name, state.NewFunction(function.GFunction))
		}
	}
	state.Push(safe)
	return 1
}

// toLua does as Argo CD's decodeValue.
func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case float64:
		return lua.LNumber(value)
	case int64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		list := state.CreateTable(len(value), 0)
		for _, item := range value {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	}
	return lua.LNil
}

func toGo(value lua.LValue) (any, error) {
	switch value := value.(type) {
	case lua.LBool:
		return bool(value), nil
	case lua.LNumber:
		return float64(value), nil
	case lua.LString:
		return string(value), nil
	case *lua.LTable:
		if length := value.Len(); length > 0 {
			list := make([]any, 0, length)
			for index := 1; index <= length; index++ {
				item, err := toGo(value.RawGetInt(index))
				if err != nil {
					return nil, err
				}
				list = append(list, item)
			}
			return list, nil
		}
		entries := map[string]any{}
		var failure error
		value.ForEach(func(key, item lua.LValue) {
			converted, err := toGo(item)
			if err != nil {
				failure = err
			}
			entries[key.String()] = converted
		})
		return entries, failure
	}
	return nil, fmt.Errorf("a %s is no JSON", value.Type())
}
