import { expect, it } from "vitest";
import { apiErrorOf } from "./problem";

it("reads the fields of a problem document", async () => {
  const body = {
    title: "Invalid input",
    detail: "Two fields need attention.",
    code: "invalid",
    errors: [
      { pointer: "/username", code: "taken", detail: "This name is taken." },
      { pointer: "#/email", code: "format", detail: "That is no address." },
    ],
  };
  const error = await apiErrorOf(new Response(JSON.stringify(body), { status: 400 }));
  expect(error.message).toBe("Two fields need attention.");
  expect(error.fields).toEqual({ username: "This name is taken.", email: "That is no address." });
});

it("has words for an answer that is no problem document", async () => {
  const error = await apiErrorOf(new Response("<html>", { status: 502 }));
  expect(error.status).toBe(502);
  expect(error.message).toMatch(/busy/);
});

it("says how long to wait when limited", async () => {
  const error = await apiErrorOf(new Response("{}", { status: 429, headers: { "Retry-After": "1800" } }));
  expect(error.message).toMatch(/30 min/);
});
