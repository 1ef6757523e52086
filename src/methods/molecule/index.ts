export { molecule } from "./energy.ts";
