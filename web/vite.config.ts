import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const API = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  // No inlined assets: the server's Content-Security-Policy only has to allow its own files.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    // hls.js is most of the bytes and changes least: a file of its own loads beside ours and stays cached.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "hls", test: /node_modules\/hls\.js/ }] } },
    },
  },
  server: { proxy: { "/api": API, "/media": API } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
