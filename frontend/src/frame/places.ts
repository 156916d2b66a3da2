/** The entries of the sidebar. `matches` are the addresses of all pages that belong to one. */
export type Place = { path: string; name: string; icon: string; matches: RegExp };

export const PLACES: Place[] = [
  {
    path: "/",
    name: "Fleet",
    icon: "M3 3h5v5H3zM12 3h5v5h-5zM3 12h5v5H3zM12 12h5v5h-5z",
    matches: /^\/$/,
  },
  {
    path: "/deployments",
    name: "Deployments",
    icon: "M10 2.5 17 6l-7 3.5L3 6Zm7 7.5-7 3.5L3 10m14 4-7 3.5L3 14",
    matches: /^\/(deployments|create|plans|rollouts)/,
  },
  {
    path: "/windows",
    name: "Change windows",
    icon: "M3 5h14v12H3zM3 9h14M7 3v4m6-4v4",
    matches: /^\/windows/,
  },
  {
    path: "/resources",
    name: "Resources",
    icon: "M10 3v4m0 0H5v4m5-4h5v4M3 11h4v5H3zm10 0h4v5h-4z",
    matches: /^\/resources/,
  },
  {
    path: "/clusters",
    name: "Clusters",
    icon: "M10 2.5 17 6v8l-7 3.5L3 14V6Zm0 7.5 7-4M10 10 3 6m7 4v7.5",
    matches: /^\/(clusters|groups|register|compatibility)/,
  },
  {
    path: "/workflows",
    name: "Workflows",
    icon: "M3 3h5v4H3zM12 8h5v4h-5zM3 13h5v4H3zM8 5h4.5v3M12.5 12v3H8",
    matches: /^\/workflow/,
  },
  {
    path: "/activity",
    name: "Activity",
    icon: "M2.5 10h3.2l2.4-6 3.6 12 2.4-6h3.4",
    matches: /^\/activity/,
  },
  {
    path: "/settings/secrets",
    name: "Settings",
    icon: "M3 6h8m4 0h2M3 14h2m4 0h8M13 4v4M7 12v4",
    matches: /^\/settings/,
  },
];
