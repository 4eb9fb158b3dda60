import { createRoot } from "react-dom/client";
import { App } from "./App";
import { restoreSession } from "./features/auth/session";
import "./ui/tokens.css";
import "./ui/base.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
void restoreSession();
createRoot(root).render(<App />);
