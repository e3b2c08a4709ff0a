import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.condition.EvaluationContext;
import org.javarosa.core.model.condition.IFunctionHandler;
import org.javarosa.core.services.IPropertyManager;
import org.javarosa.core.services.PropertyManager;
import org.javarosa.core.util.JavaRosaCoreModule;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.util.XFormUtils;

/**
 * Loads XForms as ODK Collect does: parse, initialise a new instance, step through to the end.
 * One JSON object a line: {"xml"} in; {"events"} or {"error"} out.
 */
public class Load {
    static final IFunctionHandler PULLDATA = new IFunctionHandler() {
        public String getName() { return "pulldata"; }
        public List<Class<?>[]> getPrototypes() { return new ArrayList<>(); }
        public boolean rawArgs() { return true; }
        public boolean realTime() { return false; }
        public Object eval(Object[] args, EvaluationContext context) { return ""; }
    };

    public static void main(String[] args) throws Exception {
        new JavaRosaCoreModule().registerModule();
        new XFormsModule().registerModule();
        // The device's properties and pulldata() are given by the program around the library.
        PropertyManager.setPropertyManager((IPropertyManager) Proxy.newProxyInstance(Load.class.getClassLoader(),
            new Class<?>[] {IPropertyManager.class}, (p, method, a) -> method.getReturnType() == String.class ? "x" : null));
        ObjectMapper json = new ObjectMapper();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        System.setOut(System.err); // the library prints warnings
        for (String line; (line = in.readLine()) != null; ) {
            ObjectNode r = json.createObjectNode();
            try {
                byte[] xml = json.readTree(line).get("xml").asText().getBytes("UTF-8");
                FormDef form = XFormUtils.getFormFromInputStream(new ByteArrayInputStream(xml));
                form.getEvaluationContext().addFunctionHandler(PULLDATA);
                form.initialize(true, new InstanceInitializationFactory());
                FormEntryController walk = new FormEntryController(new FormEntryModel(form));
                int events = 0;
                while (walk.stepToNextEvent() != FormEntryController.EVENT_END_OF_FORM && events < 10_000) {
                    int event = walk.getModel().getEvent();
                    if (event == FormEntryController.EVENT_QUESTION) {
                        walk.getModel().getQuestionPrompt().getQuestionText();
                    }
                    events++;
                }
                r.put("events", events);
            } catch (Throwable e) {
                r.put("error", e.getClass().getSimpleName() + ": " + e.getMessage());
            }
            out.println(json.writeValueAsString(r));
        }
        out.flush();
    }
}
