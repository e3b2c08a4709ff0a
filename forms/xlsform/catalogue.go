package xlsform

// message is the template of a diagnostic: what is wrong, and what to do.
type message struct {
	severity     Severity
	message, fix string
}

// Texts gives the English templates of a diagnostic code, for translators.
func Texts(code string) (message, fix string, ok bool) {
	m, ok := catalogue[code]
	return m.message, m.fix, ok
}

// Codes lists all diagnostic codes.
func Codes() []string {
	out := make([]string, 0, len(catalogue))
	for code := range catalogue {
		out = append(out, code)
	}
	return out
}

const (
	nameRule = "A name starts with a letter or an underscore and goes on with letters, digits, underscores, hyphens and full stops."
	oneOf    = "Use one of: {accepted}."
)

var catalogue = map[string]message{
	// Sheets and headers.
	"sheet-missing":        {Error, "There is no sheet named “{sheet}”.{similar}", "Add it, or rename the sheet that holds the questions."},
	"sheet-no-choices":     {Error, "This question takes its choices from the list “{list}”, but the form has no choices.{similar}", "Add a sheet named “choices” with the columns list_name, name and label."},
	"sheet-no-external":    {Error, "select_one_external needs a sheet named “external_choices”, and there is none.{similar}", "Add it, with the columns list_name and name."},
	"sheet-similar":        {Warning, "There is no sheet named “{sheet}”, but this one is spelled nearly the same: {similar}.", "Rename it, or begin its name with an underscore if it is not meant for the form."},
	"header-duplicate":     {Error, "The column header “{header}” stands twice.", "Rename or remove one of the two columns."},
	"header-alias":         {Error, "The columns “{other}” and “{header}” are two names of one thing.", "Remove one of the two columns."},
	"header-missing":       {Error, "The sheet has no column “{header}”.", "Add the column; its header belongs in the first row."},
	"header-empty":         {Error, "There is a value in a column that has no header.", "Give the column a header, or clear the cell."},
	"header-none":          {Error, "The sheet has no header row.", "Put the column names in the first row."},
	"header-choices-space": {Warning, "The column header “{header}” is empty or holds a space, so the column is left out of the form.", "Write it without spaces if a choice filter needs it."},
	"header-choices-name":  {Error, "The column header “{header}” cannot be used in a form.", nameRule},
	"header-choices-part":  {Warning, "The column “{header}” cannot have languages or parts, so it is left out of the form.", "Only label and media columns of the choices sheet can."},
	"header-survey-part":   {Error, "The column “{header}” cannot have languages or parts.", "Only texts and media can."},
	"attribute-language":   {Error, "The column “{header}” gives a language to a value that has none.", "Remove the language from the header."},
	"attribute-part":       {Warning, "The column “{header}” has a part too many, so its value will not mean anything to an app.", "Separate the name of an attribute with two colons: body::esri:style."},
	"header-deep":          {Error, "The column “{header}” has too many parts.", "Write for example label::English (en) or image::English (en)."},
	"setting-part":         {Warning, "The column “{header}” has a language or part, which a setting cannot have; it is left out.", "Remove it from the header."},
	"header-entities":      {Error, "The entities sheet has columns that do not belong there: {columns}.", "Use list_name, entity_id, create_if, update_if and label only."},
	"header-part-missing":  {Error, "The column “{header}” needs a second part, such as {header}::{example}.", "Add it to the header."},
	"media-part-missing":   {Warning, "The column “media” alone means nothing and is left out.", "Name the columns image, big-image, audio or video."},
	"header-attribute":     {Error, "The column “{header}” would make an attribute named “{name}”, which is not a valid name.", nameRule},
	"header-language-lost": {Warning, "The column “{header}” stands to the right of its translations and replaces them in this row.", "Move it to their left, or give it a language."},
	"settings-rows":        {Advice, "Only the first row of settings is used.", "Put all settings into row 2, and delete this one."},
	"settings-both-ids":    {Warning, "The settings sheet has both form_id and id_string; form_id is used.", "Remove id_string."},

	// Names and labels.
	"name-invalid":          {Error, "“{name}” is not a valid name.", nameRule},
	"name-missing":          {Error, "This row has no name.", "Fill in the name column."},
	"name-duplicate":        {Error, "The name “{name}” is already used in the same group.", "Give each question, group and repeat of a group a name of its own."},
	"name-case":             {Warning, "The name “{name}” differs from another one in the same group only in capital letters.", "Some analysis tools cannot tell the two apart; rename one."},
	"name-meta":             {Error, "The name “meta” is reserved.", "Use another name."},
	"name-repeat-root":      {Error, "The repeat has the name of the form itself, “{name}”.", "Rename the repeat."},
	"name-repeat-duplicate": {Error, "Another repeat is also named “{name}”.", "A repeat's name must be its own in the whole form."},
	"form-name-invalid":     {Error, "“{name}” cannot be the name of the form's root element.", nameRule},
	"form-id-missing":       {Error, "The form has no id.", "Fill in form_id on the settings sheet."},
	"label-missing":         {Error, "The question “{name}” has neither label nor hint, so nobody could answer it.", "Add a label, or make it a calculate or hidden question."},
	"label-repeat":          {Warning, "The repeat “{name}” has no label.", "Add one: it is what a person reads before adding an entry."},
	"image-missing":         {Error, "“{name}” has a big-image but no image.", "Add the image that is shown small."},
	"media-unknown":         {Error, "“{media}” is not a kind of media.", "Use image, big-image, audio or video."},
	"media-choice":          {Warning, "“{media}” is not a kind of media, so apps will not show it.", "Use image, big-image, audio or video."},
	"setting-empty":         {Warning, "This setting has no value in the name column and is left out.", "Fill it in, or delete the row."},
	"label-escaped":         {Advice, "The label of “{name}” holds an instance() expression with <, > or &, which apps cannot evaluate.", "Move the expression to a calculate question and show that with ${name}."},
	"text-characters":       {Warning, "The text holds control characters that XML does not allow; they are left out.", "Type the text again."},

	// Types and structure.
	"type-missing":      {Error, "This row has a name or a label but no type.", "Fill in the type column."},
	"type-unknown":      {Error, "“{type}” is not a question type.{similar}", "See the list of types at https://xlsform.org."},
	"type-list":         {Error, "The type “{type}” needs the name of a choice list after it.", "Write for example “select_one yes_no”."},
	"type-include":      {Error, "The type “include” needs other files, which a single form does not have.", "Copy the included questions into this form."},
	"form-too-deep":     {Error, "Groups lie more than {most} levels deep inside each other.", "Use fewer levels."},
	"form-too-large":    {Error, "Loops or repeats inside each other make the form too large.", "Use fewer levels."},
	"row-skipped":       {Warning, "This row has no type, name or label and is left out.", "Fill in the type, or delete the row."},
	"row-disabled":      {Warning, "The column “disabled” is not part of XLSForm.", "Use the relevant column, or delete the row."},
	"type-deprecated":   {Warning, "The type “{type}” does not work on phones with Android 11 or later.", "Use deviceid."},
	"end-unmatched":     {Error, "“end {type}” closes nothing: {open}.", "Add the begin row, or remove this one."},
	"begin-unmatched":   {Error, "“begin {type}” of “{name}” is never closed.", "Add an “end {type}” row where it ends."},
	"loop-list":         {Error, "The loop does not name a choice list.", "Write “begin loop over list_name”."},
	"loop-list-none":    {Error, "The loop's choice list “{list}” is not on the choices sheet.", "Add the list, or mend its name."},
	"loop-label":        {Error, "The choice “{name}” of a loop's list has no label.", "Add one."},
	"loop-percent":      {Error, "“{text}” holds a % that is not part of %(name)s or %(label)s.", "Write %% where a percent sign is meant."},
	"loop-word":         {Error, "“%({word})s” is not a column of the loop's choices.", "Use %(name)s, %(label)s or another column of the choices sheet."},
	"bind-type":         {Error, "A select question cannot have the data type “{type}”.", "Remove bind::type."},
	"calculate-none":    {Error, "The calculate question “{name}” has no calculation.", "Fill in the calculation column."},
	"audit-name":        {Error, "An audit question must be named “audit”.", "Leave its name empty."},
	"id-omitted":        {Error, "An encrypted form needs its instance id.", "Remove omit_instanceID from the settings."},
	"table-list-other":  {Error, "All select questions of a table-list must use one choice list; this one uses “{list}”, the first one “{first}”.", "Use the same list."},
	"table-list-filter": {Error, "A table-list cannot have a choice filter.", "Remove the filter, or the table-list appearance."},
	"table-list-file":   {Error, "A table-list needs a list from the choices sheet.", "Use select_one or select_multiple with such a list."},

	// Choices.
	"choice-name":        {Error, "This choice of “{list}” has no name.", "Fill in the name column."},
	"choice-label":       {Warning, "This choice of “{list}” has no label.", "Add one."},
	"choice-duplicate":   {Error, "The choice “{name}” stands twice in the list “{list}”.", "Rename one, or set allow_choice_duplicates to yes on the settings sheet."},
	"choice-space":       {Error, "The choice “{name}” of “{list}” holds a space, and a select_multiple answer separates choices with spaces.", "Write the name without spaces."},
	"choice-none-option": {Error, "add_none_option needs choices from the choices sheet.", "Use such a list, or remove the setting."},
	"list-missing":       {Error, "The choice list “{list}” is not on the choices sheet.{similar}", "Add the list, or mend its name."},
	"list-external":      {Error, "The choice list “{list}” is not on the external_choices sheet.{similar}", "Add the list, or mend its name."},
	"list-osm":           {Error, "The list “{list}” is not on the osm sheet.", "Add the list, or mend its name."},
	"file-extension":     {Error, "“{list}” must be one file name that ends in .csv, .xml or .geojson.", "Mend the file name after the question type."},
	"external-filter":    {Warning, "select_one_external is meant for choices with a choice_filter, and this row has none.", "Add a filter, or use select_one."},
	"other-filter":       {Error, "or_other cannot be combined with a choice filter.", "Add the choice “other” and a text question by hand."},
	"other-list":         {Error, "or_other needs a list from the choices sheet.", "Use such a list, or add a text question by hand."},
	"other-languages":    {Warning, "or_other makes a choice “Other” and a question “Specify other.” that are not translated.", "Add the choice and the question by hand, with translations."},
	"search-file":        {Error, "“{name}” takes its choices from a file and also uses search().", "Use one of the two."},
	"search-shared":      {Error, "“{name}” uses search() with the list “{list}”, which questions without search() use too: {others}.", "Use search() for all of them, or give this question a list of its own."},
	"select-reference":   {Error, "A select_multiple cannot take its choices from a repeat.", "Use select_one."},

	// References and expressions.
	"reference-syntax":   {Error, "There is a broken reference in “{text}”.", "A reference is ${, the name of a question, and }."},
	"reference-unknown":  {Error, "${{name}} refers to a question that does not exist.{similar}", "Mend the name, or add the question."},
	"reference-many":     {Error, "${{name}} could mean several questions: the name is used more than once.", "Give them different names."},
	"reference-no-value": {Error, "${{name}} refers to a file, which has no value.", "Refer to a question."},
	"expression-syntax":  {Warning, "The expression cannot be read at character {at}: {reason}{hint}.", "Mend it: apps will refuse the form, or leave the answer empty."},
	"trigger-comma":      {Error, "The trigger column must have a comma between references.", "Write ${a}, ${b}."},
	"trigger-question":   {Error, "The trigger ${{name}} is not a question.", "Name a question that a person answers."},
	"trigger-hidden":     {Error, "“{name}” is shown to nobody, so it cannot trigger “{target}”.", "Name a question that a person answers."},

	// Parameters.
	"parameter-syntax":  {Error, "The parameters “{text}” cannot be read.", "Write key=value pairs with a space between them."},
	"parameter-unknown": {Error, "This type has no parameter “{names}”.", oneOf},
	"parameter-value":   {Error, "The parameter {name} cannot be “{value}”.", oneOf},
	"parameter-integer": {Error, "The parameter {name} must be a whole number, not “{value}”.", "Write a number."},
	"parameter-number":  {Error, "The parameter {name} must be a number, not “{value}”.", "Write a number."},
	"parameter-least":   {Error, "The parameter {name} must be {least} or more.", "Write a larger number."},
	"parameter-name":    {Error, "The parameter {name} names a column or element, and “{value}” cannot be one.", nameRule},
	"audit-location":    {Error, "To record locations, audit needs all of location-priority, location-min-interval and location-max-age.", "Add those that are missing: {missing}."},
	"app-package":       {Error, "“{value}” is not the package name of an Android app.", "A package name looks like org.example.camera."},
	"seed-alone":        {Error, "The parameter seed has no effect without randomize=true.", "Add randomize=true, or remove seed."},
	"seed-value":        {Error, "The parameter seed must be a number or one ${reference}, not “{value}”.", "Mend it."},
	"photo-size":        {Warning, "Photos are sent in full size.", "Add the parameter max-pixels=1024 (or so) to send faster and save space."},
	"geometry-unknown":  {Error, "reference-geometry must name a choice list, an entity list, an attached file without its extension, or a ${repeat}; “{value}” is none of them.", "Mend the name."},
	"geopoint-trigger":  {Error, "background-geopoint needs a trigger.", "Fill in the trigger column."},
	"geopoint-calc":     {Error, "background-geopoint cannot have a calculation.", "Clear the calculation column."},
	"range-zero":        {Error, "The parameter {name} of a range must not be 0.", "Write another number."},
	"range-wide":        {Error, "The parameter {name} of a range is larger than the distance from start to end.", "Make it smaller."},
	"range-multiple":    {Error, "The parameter {name} of a range must be a multiple of step.", "Mend one of the two."},
	"range-outside":     {Error, "The parameter {name} of a range must lie between start and end.", "Mend it."},
	"range-appearance":  {Error, "tick_interval, placeholder and tick_labelset do not work with the appearance “{appearance}”.", "Use no appearance, vertical or no-ticks."},
	"range-list":        {Error, "tick_labelset must name a list of the choices sheet; “{value}” is none.", "Mend the name."},
	"range-tick-number": {Error, "The choice “{choice}” of tick_labelset is not a number.", "Write numbers in its name column."},
	"range-tick-out":    {Error, "The choice “{choice}” of tick_labelset does not lie between start and end.", "Remove it, or widen the range."},
	"range-tick-step":   {Error, "The choice “{choice}” of tick_labelset is not start plus a multiple of {name}.", "Mend it."},
	"range-tick-many":   {Error, "With the appearance no-ticks, tick_labelset must have two choices.", "Keep the first and the last one."},
	"range-tick-ends":   {Error, "With the appearance no-ticks, the choices of tick_labelset must be the start and the end of the range.", "Mend them."},

	// Files and other instances.
	"file-twice":     {Error, "The file name “{name}” stands in more than one row.", "Name each attached file once in the form."},
	"instance-clash": {Error, "“{name}” would be the name of two different sources: {first} and {second}.", "Rename one of them."},

	// Entities.
	"entity-none":         {Error, "save_to needs an entities sheet.", "Add a sheet named “entities” that declares the entity list."},
	"entity-list-missing": {Error, "The entity list has no name.", "Fill in list_name."},
	"entity-list-name":    {Error, "“{name}” cannot be the name of an entity list.", nameRule + " It has no full stop and does not begin with two underscores."},
	"entity-list-twice":   {Error, "The entity list “{name}” is declared twice.", "Keep one row."},
	"entity-label":        {Error, "“{list}” creates entities but has no label.", "Fill in the label, or fill in entity_id to update entities instead."},
	"entity-update-if":    {Error, "“{list}” has entity_id and create_if but no update_if.", "Add update_if, or remove entity_id to only create entities."},
	"entity-id":           {Error, "“{list}” has update_if but no entity_id.", "Add entity_id, or use create_if to create entities."},
	"entity-place":        {Error, "“{list}” cannot be placed: each group, repeat or form holds one entity, and {scope} already holds the one of row {other}.", "Put its questions in a group of their own."},
	"entity-scope":        {Error, "“{list}” is used in {scope} and in {other}, which do not lie in the same repeat.", "Copy the value with a calculate question to where the entity is."},
	"save-to-list":        {Error, "save_to names the entity list “{list}”, which is not on the entities sheet.", "Mend the name, or add the list."},
	"save-to-which":       {Error, "The form writes to several entity lists, so save_to must say which.", "Write list_name#property."},
	"save-to-hash":        {Error, "save_to may hold one # only.", "Write list_name#property."},
	"save-to-twice":       {Error, "The property “{name}” is already saved by row {other}.", "Use another property name in one of them."},
	"save-to-group":       {Error, "A group or repeat has no value to save.", "Clear save_to in this row."},
	"save-to-name":        {Error, "“{name}” cannot be a property name.", nameRule + " “name”, “label” and names that begin with two underscores are reserved."},

	// Translations.
	"language-column": {Warning, "The language “{language}” has no column for {columns}.", "Add it, so that nobody sees a dash instead of a text."},
	"language-code":   {Warning, "The language “{language}” has no valid code in brackets.", "Write for example “Urdu (ur)”."},
	"namespace-none":  {Warning, "The prefix of “{name}” is not declared, so apps may refuse the form.", "Declare it in the namespaces column of the settings sheet."},
}
