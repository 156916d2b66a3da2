import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  build: {
    // What cannot be read in a browser of the last two years is not worth the bytes for the others.
    target: "es2022",
    rollupOptions: { input: ["index.html", "graphiql.html"] },
    // GraphiQL's editor is large, and loaded by nobody who does not ask for it.
    chunkSizeWarningLimit: 4000,
  },
  server: { proxy: { "/graphql": { target: "http://127.0.0.1:8000", ws: true } } },
  test: { include: ["src/**/*.test.ts"] },
});
