import { Link } from "wouter";

/** The pages above this one, from the top: the name and the path of each. */
export function Breadcrumb({ trail }: { trail: [name: string, path: string][] }) {
  return (
    <nav className="above" aria-label="Breadcrumb">
      <ol>
        {trail.map(([name, path]) => (
          <li key={path}>
            <Link href={path}>{name}</Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}
