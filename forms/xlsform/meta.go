package xlsform

// finishMeta adds the meta group: audit, instance id and name, entities of the form.
func (c *compiler) finishMeta() {
	if yesNo[c.settings.str("omit_instanceID")] {
		if c.settings.str("public_key") != "" {
			c.report("id-omitted", place{sheet: "settings", column: "omit_instanceID"})
		}
	} else {
		id := &Item{Kind: KindQuestion, Type: "calculate", Name: "instanceID",
			Bind: attrs("type", "string", "readonly", "true()", "jr:preload", orElse(c.settings.str("instance_id"), "uid"))}
		c.meta = append(c.meta, id)
		c.names["instanceID"]++
	}
	if name := c.settings.str("instance_name"); name != "" {
		c.meta = append(c.meta, &Item{Kind: KindQuestion, Type: "calculate", Name: "instanceName", Bind: attrs("type", "string", "calculate", name)})
	}
	if c.settings.str("flat") != "" {
		flatten(c.root.Children, "")
	}
	meta := c.placeEntities()
	if len(c.meta) == 0 {
		return
	}
	if meta == nil {
		meta = metaGroup()
		c.root.add(meta)
	}
	meta.add(c.meta...)
}

func metaGroup() *Item {
	return &Item{Kind: KindGroup, Type: "group", Name: "meta", bodyless: true}
}

// flatten serves the old setting "flat": groups leave no element in the
// instance, and their relevance goes to the questions in them.
func flatten(items []*Item, relevant string) {
	for _, it := range items {
		own := it.Bind.Get("relevant")
		both := relevant
		switch {
		case relevant == "":
			both = own
		case own != "":
			both = relevant + " and (" + own + ")"
		}
		if it.isLoop {
			it.flat = true
			for _, pass := range it.Children {
				flatten(pass.Children, both)
			}
		} else if it.isSection() && len(it.Children) > 0 {
			it.flat = true
			flatten(it.Children, both)
		} else if both != "" {
			it.Bind.set("relevant", both)
		}
	}
}
